import { describe, expect, test } from 'vitest'
import { subjectKinds } from '../../../src/core/subject.ts'
import { metricTable } from '../../../src/telemetry/metric-table.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { unionMembers } from '../../tidy/papers.ts'
import { readTree } from '../../tidy/tree.ts'

const sources = readTree(`${import.meta.dirname}/../../..`).filter(({ path }) => /^src\/.*\.ts$/.test(path))

describe('createMetrics()', () => {
  test('shows counters, gauges and histograms under the prefix', async () => {
    const metrics = createMetrics()
    metrics.count('checks_total', { verdict: 'deny', reason: 'quota' }, 1)
    metrics.count('checks_total', { verdict: 'deny', reason: 'quota' }, 2)
    metrics.set('checks_in_flight', 7, {})
    metrics.time('check_duration_seconds', 0.003, {})
    const text = await metrics.text()
    expect(text).toContain('tollgate_checks_total{verdict="deny",reason="quota"} 3')
    expect(text).toContain('tollgate_checks_in_flight 7')
    expect(text).toContain('tollgate_check_duration_seconds_bucket{le="0.0025"} 0')
    expect(text).toContain('tollgate_check_duration_seconds_bucket{le="0.005"} 1')
    expect(text).toContain('process_resident_memory_bytes')
  })

  test('makes no series of a name or label value that is not declared, and counts it', async () => {
    const metrics = createMetrics()
    for (let index = 0; index < 50; index += 1) {
      metrics.count('checks_total', { verdict: 'deny', reason: `made up ${index}` }, 1)
      metrics.count(`made_up_${index}`, {}, 1)
    }
    metrics.count('checks_total', { verdict: 'allow', reason: 'none', account: 'alice' }, 1)
    metrics.count('checks_total', {}, 1)
    metrics.set('checks_total', 1, {})
    metrics.count('checks_total', { verdict: 'allow', reason: 'none' }, -1)
    metrics.time('check_duration_seconds', Number.NaN, {})
    const text = await metrics.text()
    expect(text).toContain('tollgate_checks_total{verdict="deny",reason="other"} 50')
    expect(text).toContain('tollgate_checks_total{verdict="allow",reason="none"} 1')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="unknown_metric"} 50')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="unknown_label"} 1')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="unknown_value"} 52')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="wrong_kind"} 1')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="bad_number"} 2')
    expect(text).not.toMatch(/made up|made_up|alice/)
  })
})

describe('the metric table', () => {
  test('names every metric that a room counts, and no other', () => {
    const used = sources.flatMap(({ path, text }) =>
      path.startsWith('src/telemetry/')
        ? []
        : [...text.matchAll(/observer\.(count|time|set)\(\s*'([a-z_]+)'/g)].map(([, call, name]) => `${call} ${name}`),
    )
    const calls = { counter: 'count', histogram: 'time', gauge: 'set' } as const
    const declared = Object.entries(metricTable).map(([name, { kind }]) => `${calls[kind]} ${name}`)
    expect(used.length).toBeGreaterThan(30)
    expect(used.filter((use) => !declared.includes(use))).toEqual([])
    expect(declared.filter((one) => !used.includes(one))).toEqual(['count telemetry_faults_total'])
  })

  test('follows the naming conventions', () => {
    for (const [name, { kind, help }] of Object.entries(metricTable)) {
      expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter'])
      if (kind === 'histogram') expect(name).toMatch(/_seconds$/)
      expect([name, help]).toEqual([name, expect.stringMatching(/^[A-Z0-9].*\.$/)])
    }
  })

  test('knows every cause of a refusal and every kind of subject', () => {
    const verdicts = sources.find(({ path }) => path === 'src/core/verdict.ts')?.text ?? ''
    const causes = unionMembers('Cause', verdicts)
    expect(causes).toContain('quota')
    expect(metricTable['checks_total']?.labels?.['reason']).toEqual(expect.arrayContaining([...causes]))
    expect(metricTable['limit_overruns_total']?.labels?.['per']).toEqual([...subjectKinds])
  })
})
