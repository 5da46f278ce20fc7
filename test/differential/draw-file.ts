import { stringify } from 'yaml'
import { drawConfiguration } from './configuration.ts'
import type { Random } from './random.ts'

/** Values that somebody writes by mistake, and some that are right. */
const oddities = [
  ...['null', '""', '0', '-1', '1.5', '"5"', 'true', 'yes', '[]', '{}', '010', '0x1f', '1_000', '4294967296', '1e3'],
  ...['a*', '"*"', 'a*b', '!!str 5', '[a]', '{ name: a }', '2026-11-22', '~', 'on', 'Day', '"a\\0b"', '<<'],
] as const
const fields = [
  ...['domain', 'key', 'value', 'descriptors', 'rate_limit', 'unit', 'requests_per_unit', 'unlimited'],
  ...[
    'name',
    'replaces',
    'shadow_mode',
    'quota_mode',
    'detailed_metric',
    'value_to_metric',
    'share_threshold',
    'limit',
  ],
] as const

/** A file of the reference with up to three mistakes in it, such as people and templates make. */
export function drawFile(random: Random): string {
  let lines = stringify({ domain: 'drawn', descriptors: drawConfiguration(random) })
    .trimEnd()
    .split('\n')
  for (let mistakes = random.whole(0, 3); mistakes > 0; mistakes -= 1) lines = withMistake(lines, random)
  return `${lines.join('\n')}\n`
}

function withMistake(lines: readonly string[], random: Random): string[] {
  const at = random.whole(0, lines.length - 1)
  const line = lines[at] ?? ''
  const [, indent = '', name = '', rest = ''] = /^([\s-]*)([^:]*)(.*)$/.exec(line) ?? []
  const others = (changed: readonly string[]) => lines.toSpliced(at, 1, ...changed)
  return random.pick([
    () => others([`${indent}${name}: ${random.pick(oddities)}`]),
    () => others([`${indent}${random.pick(fields)}${rest}`]),
    () => others([line, `${' '.repeat(indent.length)}${random.pick(fields)}: ${random.pick(oddities)}`]),
    () => others([line, line]),
    () => others([]),
    () => others([`  ${line}`]),
    () => others([line.replace(/^ {2}/, '')]),
    () => others([line, '---']),
    () => others([line.replace(': ', ':')]),
  ])()
}
