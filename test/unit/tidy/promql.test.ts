import { describe, expect, test } from 'vitest'
import type { MetricRow } from '../../../src/telemetry/metric-row.ts'
import { expressionsOf, promqlFaults } from '../../tidy/promql.ts'

const table: Readonly<Record<string, MetricRow>> = {
  checks_total: { kind: 'counter', help: '', labels: { verdict: ['allow', 'deny'] } },
  lag_seconds: { kind: 'gauge', help: '' },
  wait_seconds: { kind: 'histogram', help: '' },
}

describe('promqlFaults() finds what no metric can answer', () => {
  test.each([
    ['sum(rate(tollgate_check_total[5m]))', 'tollgate_check_total is not a metric'],
    ['rate(tollgate_wait_seconds[5m])', 'tollgate_wait_seconds is not a metric'],
    ['tollgate_lag_seconds_sum', 'tollgate_lag_seconds_sum is not a metric'],
    ['rate(tollgate_checks_total{verdicts="deny"}[5m])', 'tollgate_checks_total has no label verdicts'],
    ['rate(tollgate_checks_total{verdict=~"deny|denied"}[5m])', 'verdict of tollgate_checks_total is never denied'],
    [
      'sum by (reason) (rate(tollgate_checks_total[5m]))',
      'no metric of sum by (reason) (rate(tollgate_checks_total[5m])) has the label reason',
    ],
    ['tollgate_checks_total > 5', 'tollgate_checks_total is a counter and is shown without a rate'],
  ])('%s', (expression, fault) => {
    expect(promqlFaults(expression, table)).toEqual([fault])
  })

  test.each([
    'sum by (verdict, instance) (rate(tollgate_checks_total{verdict!="allow"}[5m])) > 0',
    'histogram_quantile(0.9, sum by (le) (rate(tollgate_wait_seconds_bucket[5m])))',
    'max(tollgate_lag_seconds) > 60',
  ])('and nothing in %s', (expression) => {
    expect(promqlFaults(expression, table)).toEqual([])
  })
})

test('expressionsOf() reads dashboards and rules', () => {
  const files = [
    { path: 'deploy/grafana/dashboards/a.json', text: '{"panels":[{"targets":[{"expr":"up"}]}]}' },
    { path: 'deploy/prometheus/alerts.yml', text: '      - alert: A\n        expr: \'up{job="x"} == 0\'\n' },
  ]
  expect(expressionsOf(files).map(({ text }) => text)).toEqual(['up', 'up{job="x"} == 0'])
})
