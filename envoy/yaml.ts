import type { Config } from './config.ts'

/** What YAML 1.1 and 1.2 read as this very text without quotes: a word that is no boolean, null or number. */
const PLAIN = /^(?!(?:true|false|yes|no|on|off|y|n|null)$)[a-z_/][\w./-]*$/i

interface Notes {
  /** Key → comment; each is taken out when it is written. */
  readonly open: Map<string, string>
}

/**
 * Writes plain JSON as YAML in block style. `reasons` are comments by key, put above the first place where the key stands.
 *
 * @param config strings, finite numbers, booleans, and non-empty lists and maps of these
 */
export function writeYaml(config: Config, reasons: Readonly<Record<string, string>>): string {
  return `${mapLines(config, { open: new Map(Object.entries(reasons)) }).join('\n')}\n`
}

function mapLines(map: Config, notes: Notes): readonly string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const note = notes.open.get(key)
    notes.open.delete(key)
    return [...(note === undefined ? [] : [`# ${note}`]), ...entryLines(key, value, notes)]
  })
}

function entryLines(key: string, value: unknown, notes: Notes): readonly string[] {
  const name = PLAIN.test(key) ? key : JSON.stringify(key)
  if (Array.isArray(value)) return [`${name}:`, ...value.flatMap((item) => itemLines(item, notes))]
  if (!isMap(value)) return [`${name}: ${scalar(value)}`]
  if (Object.keys(value).length === 0) return [`${name}: {}`]
  return [`${name}:`, ...indent(mapLines(value, notes))]
}

function itemLines(item: unknown, notes: Notes): readonly string[] {
  if (!isMap(item)) return [`- ${scalar(item)}`]
  const lines = mapLines(item, notes)
  const first = lines.findIndex((line) => !line.startsWith('#'))
  const [head = '', ...rest] = lines.slice(first)
  return [...lines.slice(0, first), `- ${head}`, ...indent(rest)]
}

function scalar(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value)
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}

function isMap(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
