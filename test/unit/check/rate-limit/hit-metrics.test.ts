import { describe, expect, test } from 'vitest'
import { type CountedHit, countCase, createHitMetrics } from '../../../../src/check/rate-limit/hit-metrics.ts'
import type { DescriptorRule, DescriptorStep, DomainRule, ValueMatch } from '../../../../src/core/descriptor-rule.ts'
import type { HitLine, HitState } from '../../../../src/core/hit.ts'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'
import { silentObserver } from '../../../../src/telemetry/observer.ts'

const domain: DomainRule = {
  ...{ id: 'web', counting: 'all_or_nothing', chargesRefused: true, posture: 'allow', shadow: false, quotaMode: false },
  ...{ headers: 'none', headersShow: 'tightest', metadata: false, trustsDescriptors: false },
}

function step(key: string, match: ValueMatch, more: Partial<DescriptorStep> = {}): DescriptorStep {
  return { key, match, sharesThreshold: false, valueToMetric: false, ...more }
}

const any: ValueMatch = { kind: 'any' }
const files: ValueMatch = { kind: 'wildcard', value: 'files/*' }

function ruleOf(steps: readonly DescriptorStep[], more: Partial<DescriptorRule> = {}): DescriptorRule {
  return {
    ...{ id: 'per-path', domain: 'web', steps, position: 0, replaces: [], shadow: false, quotaMode: false },
    ...{ detailedMetric: false, amount: { kind: 'window', amount: 10, period: { unit: 'minute', units: 1 } } },
    ...more,
  }
}

const line: HitLine = {
  ...{ kind: 'window', descriptor: 0, counter: { id: 'c', partition: 0 }, hits: 5, enforced: true },
  ...{ chargesRefused: true, posture: 'allow', amount: 10, startMs: 0, endMs: 1, nextEndMs: 2 },
}
const overState: HitState = { fits: false, taken: true, before: 7, after: 12, resetMs: 1, retryAfterMs: 1 }

/** Counts into real metrics, and reads the series of `descriptor_hits_total` that are not 0. */
function world() {
  const metrics = createMetrics()
  let lookedUp = 0
  const observer = {
    ...silentObserver,
    count: (metric: string, labels = {}, by = 1) => metrics.count(metric, labels, by),
    counter: (metric: string, labels = {}) => {
      lookedUp += 1
      return metrics.counter(metric, labels)
    },
  }
  const hits = createHitMetrics({ observer, nearPercent: 80 })
  return {
    ...{ hits, observer, metrics, lookedUp: () => lookedUp },
    async series() {
      const found = (await metrics.text()).matchAll(/^tollgate_descriptor_hits_total\{(.*)\} ([1-9]\d*)$/gm)
      return Object.fromEntries([...found].map(([, labels = '', value]) => [labels, Number(value)]))
    },
  }
}

const hit: CountedHit = {
  domain,
  rule: ruleOf([step('path', any)]),
  entries: [{ key: 'path', value: '/a' }],
  line,
  state: overState,
}

describe('createHitMetrics()', () => {
  test('adds at most 2^32 for one call, so that single hits are still told after some with hits near 2^64', async () => {
    const { hits, series } = world()
    const huge = Number.MAX_SAFE_INTEGER
    for (let nth = 0; nth < 3; nth += 1) hits.countUnlimited({ ...hit, hits: huge })
    const refused = { fits: false, taken: false, before: 10, after: 10, resetMs: 1, retryAfterMs: 1 }
    hits.count({ ...hit, line: { ...line, hits: huge }, state: refused })
    hits.countUnlimited({ ...hit, hits: 1 })
    const labels = 'domain="web",rule="per-path",value=""'
    expect(await series()).toEqual({
      [`${labels},result="total"`]: 4 * 2 ** 32 + 1,
      [`${labels},result="within"`]: 3 * 2 ** 32 + 1,
      [`${labels},result="over"`]: 2 ** 32,
    })
  })

  test('counts the portions of each call by domain and rule', async () => {
    const { hits, series } = world()
    hits.count(hit)
    hits.count(hit)
    const labels = 'domain="web",rule="per-path",value=""'
    expect(await series()).toEqual({
      [`${labels},result="total"`]: 10,
      [`${labels},result="near"`]: 4,
      [`${labels},result="over"`]: 4,
    })
  })

  test('has the series of total, within, near and over from the first hit on, and none for looks', async () => {
    const { hits, metrics } = world()
    hits.count({ ...hit, line: { ...line, hits: 0 } })
    expect(await metrics.text()).not.toContain('tollgate_descriptor_hits_total{')
    hits.count(hit)
    expect(await metrics.text()).toContain('{domain="web",rule="per-path",value="",result="within"} 0')
  })

  test('tells what passed in shadow from what passed in quota mode', async () => {
    const { hits, series } = world()
    const passed = { ...hit, line: { ...line, enforced: false } }
    hits.count({ ...passed, rule: ruleOf([step('path', any)], { id: 'shadowed', shadow: true }) })
    hits.count({ ...passed, rule: ruleOf([step('path', any)], { id: 'told', quotaMode: true }) })
    hits.count({ ...passed, domain: { ...domain, shadow: true }, rule: ruleOf([step('path', any)], { id: 'plain' }) })
    expect(await series()).toMatchObject({
      'domain="web",rule="shadowed",value="",result="shadow"': 2,
      'domain="web",rule="told",value="",result="quota"': 2,
      'domain="web",rule="plain",value="",result="shadow"': 2,
    })
  })

  test('counts limits that calls bring along together, and hits of unlimited rules as within', async () => {
    const { hits, series } = world()
    hits.count({ domain, entries: [], line, state: overState })
    hits.countUnlimited({ domain, rule: ruleOf([], { id: 'free' }), entries: [], hits: 3 })
    hits.countUnlimited({ domain, rule: ruleOf([], { id: 'looked-at' }), entries: [], hits: 0 })
    const found = await series()
    expect(found).toMatchObject({
      'domain="web",rule="(override)",value="",result="total"': 5,
      'domain="web",rule="free",value="",result="total"': 3,
      'domain="web",rule="free",value="",result="within"': 3,
    })
    expect(Object.keys(found).join()).not.toContain('looked-at')
  })

  test('looks a rule up once', () => {
    const { hits, lookedUp } = world()
    for (let call = 0; call < 100; call += 1) hits.count(hit)
    expect(lookedUp()).toBe(4)
  })
})

describe('createHitMetrics() of rules that tell values', () => {
  const entries = [
    { key: 'kind', value: 'read' },
    { key: 'path', value: 'files/a' },
    { key: 'user', value: 'alice' },
  ]
  const steps = [step('kind', { kind: 'exact', value: 'read' }), step('path', files), step('user', any)]

  test.each([
    ['none unless asked', ruleOf(steps), ''],
    ['all that can differ with detailed_metric', ruleOf(steps, { detailedMetric: true }), 'path=files/a, user=alice'],
    [
      'those of the entries with value_to_metric',
      ruleOf([steps[0] ?? step('', any), step('path', files, { valueToMetric: true }), step('user', any)]),
      'path=files/a',
    ],
    [
      'the pattern of an entry with share_threshold',
      ruleOf([
        step('kind', any),
        step('path', files, { valueToMetric: true, sharesThreshold: true }),
        step('user', any),
      ]),
      'path=files/*',
    ],
  ])('%s', async (_, rule, value) => {
    const { hits, series } = world()
    hits.count({ ...hit, rule, entries })
    expect(await series()).toMatchObject({ [`domain="web",rule="per-path",value="${value}",result="total"`]: 5 })
  })

  test('keeps to the bound of the metric, whatever callers send', async () => {
    const { hits, series } = world()
    const rule = ruleOf([step('path', any)], { detailedMetric: true })
    for (let call = 0; call < 2_500; call += 1)
      hits.count({ ...hit, rule, entries: [{ key: 'path', value: `${call} ${'x'.repeat(500)}` }] })
    const found = await series()
    const totals = Object.entries(found).filter(([labels]) => labels.endsWith('result="total"'))
    expect(totals).toHaveLength(101)
    expect(found['domain="web",rule="per-path",value="other",result="total"']).toBe(2_400 * 5)
    expect(Object.keys(found).every((labels) => labels.length < 200)).toBe(true)
  })
})

test('a rule that was moved to another domain counts there from then on, also for values known before', async () => {
  const { hits, series } = world()
  const rule = ruleOf([step('path', any)], { detailedMetric: true })
  hits.count({ ...hit, rule })
  hits.count({ ...hit, domain: { ...domain, id: 'mail' }, rule: { ...rule, domain: 'mail' } })
  expect(await series()).toMatchObject({
    'domain="web",rule="per-path",value="path=/a",result="total"': 5,
    'domain="mail",rule="per-path",value="path=/a",result="total"': 5,
  })
})

test('countCase() counts what became of a descriptor', async () => {
  const { observer, metrics } = world()
  countCase(observer, 'replaced')
  expect(await metrics.text()).toContain('tollgate_descriptor_cases_total{case="replaced"} 1')
})
