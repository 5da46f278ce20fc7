import type { MetricRow } from './metric-row.ts'

/** Metrics of the API; rows of `metricTable`. */
export const apiMetrics: Readonly<Record<string, MetricRow>> = {
  api_requests_total: {
    kind: 'counter',
    help: 'Requests to the API that were answered, by method and status.',
    labels: {
      method: ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'other'],
      status: [
        ...['200', '201', '204', '400', '401', '403', '404', '405', '408', '409', '413', '414', '415', '422', '429'],
        ...['500', '503', 'other'],
      ],
    },
  },
  api_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the head of a request to the API to the end of its answer.',
  },
}
