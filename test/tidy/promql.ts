import type { MetricRow } from '../../src/telemetry/metric-row.ts'
import type { SourceFile } from './tree.ts'

type Table = Readonly<Record<string, MetricRow>>

interface Found {
  readonly name: string
  readonly row: MetricRow
}

/** What Prometheus adds by itself, and a supervisor to each of its processes. */
const everywhere = ['instance', 'job', 'process']

/** Every PromQL expression of the dashboards and alert rules, with where it stands. */
export function expressionsOf(files: readonly SourceFile[]): readonly { readonly at: string; readonly text: string }[] {
  const dashboards = files.filter(({ path }) => /^deploy\/grafana\/dashboards\/.*\.json$/.test(path))
  const rules = files.filter(({ path }) => /^deploy\/prometheus\/.*\.yml$/.test(path))
  return [
    ...dashboards.flatMap(({ path, text }) => targetsOf(JSON.parse(text)).map((expr) => ({ at: path, text: expr }))),
    ...rules.flatMap(({ path, text }) =>
      [...text.matchAll(/^\s*expr: '(.*)'$/gm)].map(([, expr = '']) => ({
        at: path,
        text: expr.replaceAll("''", "'"),
      })),
    ),
  ]
}

/** Metrics, labels and label values of an expression that this release does not have, each as a sentence. */
export function promqlFaults(expression: string, table: Table): readonly string[] {
  const faults: string[] = []
  const found: Found[] = []
  for (const [, name = '', , matchers = ''] of expression.matchAll(/\b(tollgate_\w+)(\{([^}]*)\})?/g)) {
    const row = metricOf(name, table)
    if (row === undefined) faults.push(`${name} is not a metric`)
    else {
      found.push({ name, row })
      faults.push(...matcherFaults({ name, row }, matchers))
    }
  }
  const known = new Set([...everywhere, ...found.flatMap(labelsOf)])
  for (const [, list = ''] of expression.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g))
    for (const label of list.split(',').map((word) => word.trim()))
      if (!known.has(label)) faults.push(`no metric of ${expression} has the label ${label}`)
  for (const { name, row } of found.filter(({ row: { kind } }) => kind === 'counter'))
    if (!new RegExp(`(?:rate|increase)\\(${name}\\b`).test(expression))
      faults.push(`${name} is a ${row.kind} and is shown without a rate`)
  return faults
}

function metricOf(name: string, table: Table): MetricRow | undefined {
  const own = name.slice('tollgate_'.length)
  const row = table[own]
  if (row !== undefined) return row.kind === 'histogram' ? undefined : row
  const histogram = table[own.replace(/_(bucket|sum|count)$/, '')]
  return histogram?.kind === 'histogram' ? histogram : undefined
}

function labelsOf({ name, row }: Found): readonly string[] {
  return [
    ...Object.keys(row.labels ?? {}),
    ...Object.keys(row.openLabels ?? {}),
    ...(name.endsWith('_bucket') ? ['le'] : []),
  ]
}

function matcherFaults({ name, row }: Found, matchers: string): readonly string[] {
  return [...matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].flatMap(([, label = '', how = '', value = '']) => {
    if (everywhere.includes(label) || row.openLabels?.[label] !== undefined) return []
    const values = row.labels?.[label]
    if (values === undefined) return [`${name} has no label ${label}`]
    const wanted = how.includes('~') ? value.split('|') : [value]
    return wanted.filter((one) => !values.includes(one)).map((one) => `${label} of ${name} is never ${one}`)
  })
}

function targetsOf(json: unknown): readonly string[] {
  if (Array.isArray(json)) return json.flatMap(targetsOf)
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([key, value]) => (key === 'expr' ? [String(value)] : targetsOf(value)))
}
