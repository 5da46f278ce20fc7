import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricRow } from './metric-row.ts'
import { metricTable } from './metric-table.ts'

type Labels = Readonly<Record<string, string>>

/** Counts by the metric table; never throws and never makes a series that the table does not name. */
export interface Metrics {
  count(name: string, labels: Labels, by: number): void
  time(name: string, seconds: number, labels: Labels): void
  set(name: string, value: number, labels: Labels): void
  /** The text that Prometheus reads. */
  text(): Promise<string>
  readonly contentType: string
}

const prefix = 'tollgate_'
const faultMetric = 'telemetry_faults_total'
// A Check is to take a millisecond and must not take 250; a decision that waits for the store lies between.
const bucketsSeconds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5]
/** Stands in for a label value that the table does not name. */
const other = 'other'

type Instrument =
  | { readonly kind: 'counter'; readonly row: MetricRow; readonly metric: Counter }
  | { readonly kind: 'gauge'; readonly row: MetricRow; readonly metric: Gauge }
  | { readonly kind: 'histogram'; readonly row: MetricRow; readonly metric: Histogram }

/** Metrics of one process: the table's, and Node's own under their usual names. `table` is another one only in tests. */
export function createMetrics(table: Readonly<Record<string, MetricRow>> = metricTable): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const instruments = new Map(Object.entries(table).map(([name, row]) => [name, instrumentOf(name, row, registry)]))
  const fault = (kind: string): void => {
    const instrument = instruments.get(faultMetric)
    if (instrument?.kind === 'counter') instrument.metric.inc({ fault: kind })
  }
  /** Values since the last reading: some gauges move with every Check, and only the last value is ever read. */
  const unlabelled = new Map<Gauge, number>()
  const bounded = (labels: Labels, row: MetricRow): Labels => boundedLabels(labels, row, fault)
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
      return registry.metrics()
    },
    count(name, labels, by) {
      const found = find(name, 'counter', by)
      if (found?.kind === 'counter') found.metric.inc(bounded(labels, found.row), by)
    },
    time(name, seconds, labels) {
      const found = find(name, 'histogram', seconds)
      if (found?.kind === 'histogram') found.metric.observe(bounded(labels, found.row), seconds)
    },
    set(name, value, labels) {
      const found = find(name, 'gauge', value)
      if (found?.kind !== 'gauge') return
      if (found.row.labels === undefined && isEmpty(labels)) unlabelled.set(found.metric, value)
      else found.metric.set(bounded(labels, found.row), value)
    },
  }
}

function instrumentOf(name: string, row: MetricRow, registry: Registry): Instrument {
  const labelNames = Object.keys(row.labels ?? {})
  const options = { name: `${prefix}${name}`, help: row.help, labelNames, registers: [registry] }
  if (row.kind === 'counter') return { kind: row.kind, row, metric: new Counter(options) }
  if (row.kind === 'gauge') return { kind: row.kind, row, metric: new Gauge(options) }
  return { kind: row.kind, row, metric: new Histogram({ ...options, buckets: bucketsSeconds }) }
}

function isEmpty(labels: Labels): boolean {
  for (const _ in labels) return false
  return true
}

/** Exactly the declared labels; a value that is missing or not declared becomes `other`. */
function boundedLabels(labels: Labels, row: MetricRow, fault: (kind: string) => void): Labels {
  const declared = row.labels ?? {}
  let isClean = true
  for (const name in labels) {
    if (declared[name] === undefined) {
      fault('unknown_label')
      isClean = false
    }
  }
  for (const name in declared) {
    const value = labels[name]
    if (value === undefined || declared[name]?.includes(value) !== true) {
      fault('unknown_value')
      isClean = false
    }
  }
  if (isClean) return labels
  return Object.fromEntries(
    Object.entries(declared).map(([name, values]) => [name, values.find((value) => value === labels[name]) ?? other]),
  )
}
