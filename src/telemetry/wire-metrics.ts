import type { MetricRow } from './metric-row.ts'

/** Rate limit calls, and TLS. */
export const wireMetrics: Readonly<Record<string, MetricRow>> = {
  rate_limits_total: {
    kind: 'counter',
    help: 'ShouldRateLimit calls answered, by overall code; the last four were not decided: unreadable and overloaded are answered OVER_LIMIT without statuses, late and failed by the postures of their limits.',
    labels: { code: ['OK', 'OVER_LIMIT', 'unreadable', 'overloaded', 'late', 'failed'] },
  },
  rate_limit_duration_seconds: {
    kind: 'histogram',
    help: 'Time from a ShouldRateLimit call received to its answer ready.',
  },
  rate_limits_in_flight: { kind: 'gauge', help: 'ShouldRateLimit calls being decided now.' },
  tls_reloads_total: {
    kind: 'counter',
    help: 'Replaced files of TLS that were taken, or refused because they were broken; then the last good ones stay.',
    labels: { result: ['taken', 'refused'] },
  },
  tls_refusals_total: {
    kind: 'counter',
    help: 'Connections to the gRPC address that failed to shake hands, or whose certificate has none of the names accepted.',
    labels: { why: ['handshake', 'name'] },
  },
  tls_certificate_not_after_seconds: {
    kind: 'gauge',
    help: 'When the certificate of the gRPC address expires, in seconds since 1970.',
  },
}
