import type { MetricRow } from './metric-row.ts'

/** The part of the metric table that tells of descriptors and their limits. */
export const descriptorMetrics: Readonly<Record<string, MetricRow>> = {
  descriptor_hits_total: {
    kind: 'counter',
    help: 'Hits asked of the limits of descriptors, by rule and by how they stood to it.',
    openLabels: {
      domain: { valuesMax: 200 },
      rule: { valuesMax: 2_000 },
      value: { valuesMax: 2_000, valuesEachMax: 100 },
    },
    labels: { result: ['total', 'within', 'near', 'over', 'shadow', 'quota', 'untaken', 'returned'] },
  },
  descriptor_cases_total: {
    kind: 'counter',
    help: 'Descriptors, and calls of a domain without a row, that were not simply counted by a rule.',
    labels: {
      case: [
        ...['unknown_domain', 'no_rule', 'override', 'unknown_unit', 'replaced', 'invalid_rid', 'unknown_account'],
        ...['own_limits', 'stream_done', 'no_slot_id', 'store_away'],
      ],
    },
  },
}
