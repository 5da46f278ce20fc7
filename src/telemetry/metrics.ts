import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { createLabelBounds } from './label-bounds.ts'
import type { MetricRow } from './metric-row.ts'
import { metricTable } from './metric-table.ts'
import { createTallies } from './tallies.ts'

type Labels = Readonly<Record<string, string>>

/** Counts by the metric table; never throws and never makes a series that the table has no room for. */
export interface Metrics {
  count(name: string, labels: Labels, by: number): void
  /** The counter with these labels, looked up once; its series is there from now on. */
  counter(name: string, labels: Labels): (by: number) => void
  time(name: string, seconds: number, labels: Labels): void
  set(name: string, value: number, labels: Labels): void
  /** The text that Prometheus reads. */
  text(): Promise<string>
  readonly contentType: string
}

const prefix = 'tollgate_'
const faultMetric = 'telemetry_faults_total'
const fullMetric = 'telemetry_labels_full_total'
// A Check is to take a millisecond and must not take 250; a decision that waits for the store lies between.
const bucketsSeconds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5]

type Instrument = { readonly row: MetricRow; readonly bounded: (labels: Labels) => Labels } & (
  | { readonly kind: 'counter'; readonly metric: Counter }
  | { readonly kind: 'gauge'; readonly metric: Gauge }
  | { readonly kind: 'histogram'; readonly metric: Histogram }
)

/** Metrics of one process: the table's, and Node's own under their usual names. `table` is another one only in tests. */
export function createMetrics(table: Readonly<Record<string, MetricRow>> = metricTable): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const instruments = new Map<string, Instrument>()
  const tell = (name: string, labels: Labels): void => {
    const instrument = instruments.get(name)
    if (instrument?.kind === 'counter') instrument.metric.inc(labels)
  }
  const fault = (kind: string): void => tell(faultMetric, { fault: kind })
  for (const [name, row] of Object.entries(table)) {
    const bounded = createLabelBounds(row, { fault, full: (label) => tell(fullMetric, { label }) })
    instruments.set(name, { row, bounded, ...instrumentOf(name, row, registry) })
  }
  /** Values since the last reading: some gauges move with every Check, and only the last value is ever read. */
  const unlabelled = new Map<Gauge, number>()
  const tallies = createTallies(() => fault('bad_number'))
  const find = (name: string, kind: Instrument['kind'], value: number): Instrument | undefined => {
    const instrument = instruments.get(name)
    if (instrument === undefined) fault('unknown_metric')
    else if (instrument.kind !== kind) fault('wrong_kind')
    else if (!Number.isFinite(value) || (kind === 'counter' && value < 0)) fault('bad_number')
    else return instrument
    return undefined
  }
  return {
    contentType: registry.contentType,
    text() {
      for (const [gauge, value] of unlabelled) gauge.set(value)
      unlabelled.clear()
      tallies.flush()
      return registry.metrics()
    },
    count(name, labels, by) {
      const found = find(name, 'counter', by)
      if (found?.kind === 'counter') found.metric.inc(found.bounded(labels), by)
    },
    counter(name, labels) {
      const found = find(name, 'counter', 0)
      return found?.kind === 'counter' ? tallies.of(found.metric, found.bounded(labels)) : () => undefined
    },
    time(name, seconds, labels) {
      const found = find(name, 'histogram', seconds)
      if (found?.kind === 'histogram') found.metric.observe(found.bounded(labels), seconds)
    },
    set(name, value, labels) {
      const found = find(name, 'gauge', value)
      if (found?.kind !== 'gauge') return
      const { labels: declared, openLabels } = found.row
      if (declared === undefined && openLabels === undefined && isEmpty(labels)) unlabelled.set(found.metric, value)
      else found.metric.set(found.bounded(labels), value)
    },
  }
}

function instrumentOf(name: string, row: MetricRow, registry: Registry) {
  const labelNames = [...Object.keys(row.openLabels ?? {}), ...Object.keys(row.labels ?? {})]
  const options = { name: `${prefix}${name}`, help: row.help, labelNames, registers: [registry] }
  if (row.kind === 'counter') return { kind: row.kind, metric: new Counter(options) } as const
  if (row.kind === 'gauge') return { kind: row.kind, metric: new Gauge(options) } as const
  return { kind: row.kind, metric: new Histogram({ ...options, buckets: bucketsSeconds }) } as const
}

function isEmpty(labels: Labels): boolean {
  for (const _ in labels) return false
  return true
}
