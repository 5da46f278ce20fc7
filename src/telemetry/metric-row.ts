/** One metric: its kind, what it says, and every value that each of its labels may have. */
export interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels?: Readonly<Record<string, readonly string[]>>
}
