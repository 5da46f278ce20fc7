import { describe, expect, test } from 'vitest'
import { subjectKinds } from '../../../src/core/subject.ts'
import type { MetricRow } from '../../../src/telemetry/metric-row.ts'
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

const openTable: Readonly<Record<string, MetricRow>> = {
  ...metricTable,
  hits_total: {
    kind: 'counter',
    help: 'Hits.',
    openLabels: { domain: { valuesMax: 2 }, rule: { valuesMax: 3 } },
    labels: { result: ['over', 'total'] },
  },
}

describe('createMetrics() with open labels', () => {
  test('makes series of values that come at run time, and tells what is beyond the bound as other, once told', async () => {
    const metrics = createMetrics(openTable)
    for (let index = 0; index < 50; index += 1) {
      metrics.count('hits_total', { domain: 'web', rule: `rule ${index}`, result: 'over' }, 1)
      metrics.counter('hits_total', { domain: 'web', rule: `rule ${index}`, result: 'total' })(2)
    }
    const text = await metrics.text()
    expect(text).toContain('tollgate_hits_total{domain="web",rule="rule 2",result="over"} 1')
    expect(text).toContain('tollgate_hits_total{domain="web",rule="rule 2",result="total"} 2')
    expect(text).toContain('tollgate_hits_total{domain="web",rule="other",result="over"} 47')
    expect(text).toContain('tollgate_hits_total{domain="web",rule="other",result="total"} 94')
    expect(text.match(/^tollgate_hits_total/gm)).toHaveLength(8)
    expect(text).toContain('tollgate_telemetry_labels_full_total{label="rule"} 1')
    expect(text).not.toContain('tollgate_telemetry_faults_total{')
  })

  test('counts the values of a label within those of the labels before it, and no value as none', async () => {
    const metrics = createMetrics(openTable)
    for (const domain of ['web', 'mail', 'third', 'fourth'])
      for (const rule of ['', 'a', 'b']) metrics.count('hits_total', { domain, rule, result: 'over' }, 1)
    const text = await metrics.text()
    const series = [...text.matchAll(/^tollgate_hits_total\{domain="(\w+)",rule="(\w*)",.* (\d+)$/gm)]
    expect(series.map(([, ...parts]) => parts.join(' ')).toSorted()).toEqual([
      ...['mail  1', 'mail a 1', 'mail other 1'],
      ...['other  2', 'other other 4'],
      ...['web  1', 'web a 1', 'web b 1'],
    ])
  })

  test('keeps room for others beside one that has many values, and tells once that it is full', async () => {
    const openLabels = { rule: { valuesMax: 10 }, value: { valuesMax: 5, valuesEachMax: 3 } }
    const metrics = createMetrics({ ...metricTable, hits_total: { kind: 'counter', help: 'Hits.', openLabels } })
    for (const [rule, many] of [
      ['noisy', 50],
      ['calm', 2],
      ['late', 1],
    ] as const) {
      for (let nth = 0; nth < many; nth += 1) metrics.count('hits_total', { rule, value: `v${nth}` }, 1)
    }
    const text = await metrics.text()
    const series = [...text.matchAll(/^tollgate_hits_total\{rule="(\w+)",value="(\w*)"\} (\d+)$/gm)]
    expect(series.map(([, ...parts]) => parts.join(' '))).toEqual([
      ...['noisy v0 1', 'noisy v1 1', 'noisy v2 1', 'noisy other 47'],
      ...['calm v0 1', 'calm v1 1', 'late other 1'],
    ])
    expect(text).toContain('tollgate_telemetry_labels_full_total{label="value"} 1')
  })

  test('cuts values and makes them printable, so that one sample stays one line', async () => {
    const metrics = createMetrics(openTable)
    const lone = 'a\u0000\ud800"\\\n\u202eb'
    metrics.count('hits_total', { domain: lone, rule: 'é'.repeat(1_000_000), result: 'over' }, 1)
    const text = await metrics.text()
    const domain = String.raw`a??\"\\??b`
    expect(text).toContain(`tollgate_hits_total{domain="${domain}",rule="${'é'.repeat(199)}…",result="over"} 1`)
  })

  test('stays strict about every other label', async () => {
    const metrics = createMetrics(openTable)
    metrics.count('hits_total', { domain: 'web', rule: 'a', result: 'made up', account: 'alice' }, 1)
    const text = await metrics.text()
    expect(text).toContain('tollgate_hits_total{domain="web",rule="a",result="other"} 1')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="unknown_value"} 1')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="unknown_label"} 1')
    expect(text).not.toContain('alice')
  })
})

describe('Metrics.counter()', () => {
  const labels = { verdict: 'allow', reason: 'none' }

  test('shows its series from the start, and adds what was counted since the last reading', async () => {
    const metrics = createMetrics()
    const add = metrics.counter('checks_total', labels)
    expect(await metrics.text()).toContain('tollgate_checks_total{verdict="allow",reason="none"} 0')
    add(2)
    metrics.counter('checks_total', labels)(3)
    metrics.count('checks_total', labels, 4)
    expect(await metrics.text()).toContain('tollgate_checks_total{verdict="allow",reason="none"} 9')
    expect(await metrics.text()).toContain('tollgate_checks_total{verdict="allow",reason="none"} 9')
    expect(metrics.counter('checks_total', labels)).toBe(add)
  })

  test('counts no bad number, unknown metric or other kind', async () => {
    const metrics = createMetrics()
    const add = metrics.counter('checks_total', labels)
    for (const by of [-1, Number.NaN, Number.POSITIVE_INFINITY]) add(by)
    metrics.counter('made_up_total', {})(1)
    metrics.counter('checks_in_flight', {})(1)
    const text = await metrics.text()
    expect(text).toContain('tollgate_checks_total{verdict="allow",reason="none"} 0')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="bad_number"} 3')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="unknown_metric"} 1')
    expect(text).toContain('tollgate_telemetry_faults_total{fault="wrong_kind"} 1')
  })
})

describe('the metric table', () => {
  test('names every metric that a room counts, and no other', () => {
    const used = sources.flatMap(({ path, text }) =>
      path.startsWith('src/telemetry/')
        ? []
        : [...text.matchAll(/observer\.(count|counter|time|set)\(\s*'([a-z_]+)'/g)].map(
            ([, call, name]) => `${call === 'counter' ? 'count' : call} ${name}`,
          ),
    )
    const calls = { counter: 'count', histogram: 'time', gauge: 'set' } as const
    const declared = Object.entries(metricTable).map(([name, { kind }]) => `${calls[kind]} ${name}`)
    expect(used.length).toBeGreaterThan(30)
    expect(used.filter((use) => !declared.includes(use))).toEqual([])
    expect(declared.filter((one) => !used.includes(one))).toEqual([
      'count telemetry_faults_total',
      'count telemetry_labels_full_total',
    ])
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
