/** One metric: its kind, what it says, and every value that each of its labels may have. */
export interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels?: Readonly<Record<string, readonly string[]>>
  /**
   * Labels whose values come from policy or from callers. In their order each one is told within those before it: of a label there are at
   * most `valuesMax` combinations with those before, of them `valuesEachMax` beside the same values before it, so that one rule with many
   * values does not take the room of the others. What comes later is told as `other`. A value that is empty always passes.
   */
  readonly openLabels?: Readonly<Record<string, OpenLabel>>
}

export interface OpenLabel {
  readonly valuesMax: number
  /** As many as `valuesMax` unless told otherwise. */
  readonly valuesEachMax?: number
}
