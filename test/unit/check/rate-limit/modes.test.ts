import { describe, expect, test } from 'vitest'
import { hitLinesOf } from '../../../../src/check/rate-limit/hit-lines.ts'
import { createPeriodMemo } from '../../../../src/core/period-window.ts'
import { desk, domainRule, entriesOf, per, rule, startMs } from './harness.ts'

const many = Array.from({ length: 3 })
const none = per('hour', 0)

describe('several limits on one descriptor', () => {
  test('all count, the first that is used up refuses, and the closest to its end is told', async () => {
    const { ask, sleep } = desk([
      rule(['user'], { id: 'a', name: 'burst', amount: per('second', 2) }),
      rule(['user'], { id: 'b', name: 'daily', amount: per('day', 5) }),
    ])
    const told = async () => {
      const { statuses } = await ask(['user=ann'])
      return `${statuses[0]?.code} ${statuses[0]?.limit?.name} ${statuses[0]?.remaining}`
    }
    expect([await told(), await told(), await told()]).toEqual(['ok burst 1', 'ok burst 0', 'over_limit burst 0'])
    sleep(1_000)
    expect([await told(), await told()]).toEqual(['ok burst 1', 'ok burst 0'])
    sleep(1_000)
    // The refusal took nothing of the day either.
    expect([await told(), await told()]).toEqual(['ok daily 0', 'over_limit daily 0'])
  })

  test('a rate with a burst and slots stand beside windows', async () => {
    const { ask, sleep } = desk([
      rule(['user'], {
        id: 'a',
        name: 'paced',
        amount: { kind: 'rate', amount: 1, burst: 2, period: { unit: 'second', units: 1 } },
      }),
      rule(['user'], { id: 'b', amount: per('day', 100) }),
      rule(['user'], { id: 'c', amount: { kind: 'concurrency', amount: 5, slotMs: 1_000 } }),
    ])
    expect((await ask(['user=ann'])).statuses[0]).toMatchObject({
      limit: { requestsPerUnit: 1, unit: 'second', name: 'paced' },
      remaining: 1,
      resetMs: 1_000,
    })
    await ask(['user=ann'])
    const refused = await ask(['user=ann'])
    expect(refused.statuses[0]).toMatchObject({ code: 'over_limit', remaining: 0, resetMs: 2_000 })
    expect(refused.responseHeaders.find(({ name }) => name === 'retry-after')?.value).toBe('1')
    sleep(1_000)
    expect((await ask(['user=ann'])).code).toBe('ok')
  })
})

test('two limits of one descriptor and period count each hit once, and the enforced one keeps the counter it has alone', async () => {
  const real = rule(['a'], { id: 'real', name: 'real', amount: per('hour', 10) })
  const trial = rule(['a'], { id: 'a-trial', shadow: true, amount: per('hour', 3) })
  const lines = (rules: readonly (typeof real)[]) =>
    hitLinesOf(
      rules.map((one) => ({ descriptor: 0, rule: one })),
      {
        domain: domainRule(),
        request: { domain: 'shop', descriptors: [{ entries: entriesOf('a=1') }], hitsAddend: 0 },
        nowMs: startMs,
        memo: createPeriodMemo(),
        digest: () => 'digest',
      },
    ).lines.map(({ counter }) => counter.id)
  const [alone] = lines([real])
  expect(lines([trial, real])).toEqual([`+7:a-trial${alone}`, alone])
  expect(lines([real, trial])).toEqual([alone, `+7:a-trial${alone}`])
  expect(lines([trial])).toEqual([alone])
})

describe('what a refusal takes', () => {
  const rules = [
    rule(['a'], { id: 'a', amount: per('hour', 1) }),
    rule(['b'], { id: 'b', amount: per('hour', 5) }),
    rule(['s'], { id: 's', shadow: true, amount: per('hour', 5) }),
  ]
  const left = async ({ ask }: ReturnType<typeof desk>) =>
    (await ask(['a=1', 'b=1', 's=1'].map((text) => ({ entries: entriesOf(text), hitsAddend: 0 })))).statuses.map(
      ({ remaining }) => remaining,
    )

  test('all_or_nothing: nothing of any enforced limit; those that fit say so', async () => {
    const at = desk(rules)
    expect(await at.codes(['a=1', 'b=1', 's=1'])).toBe('ok ok ok')
    expect(await at.codes(['a=1', 'b=1', 's=1'])).toBe('over ok ok')
    expect(await left(at)).toEqual([0, 4, 3])
  })

  test('each: every descriptor for itself', async () => {
    const at = desk(rules, { counting: 'each' })
    await at.ask(['a=1', 'b=1', 's=1'])
    expect(await at.codes(['a=1', 'b=1', 's=1'])).toBe('over ok ok')
    expect(await left(at)).toEqual([0, 3, 3])
  })

  test('charges_refused, of the domain or of one rule: its hits all the same', async () => {
    const all = desk([rule(['a'], { amount: per('hour', 1) })], { chargesRefused: true })
    for (const _ of many) await all.ask(['a=1'])
    expect(await all.codes([{ entries: entriesOf('a=1'), hitsAddend: 2, isNegativeHits: true }, 'a=1'])).toBe('ok over')
    const one = desk([rule(['a'], { amount: per('hour', 1), chargesRefused: false })], { chargesRefused: true })
    for (const _ of many) await one.ask(['a=1'])
    expect(await one.codes([{ entries: entriesOf('a=1'), hitsAddend: 2, isNegativeHits: true }, 'a=1'])).toBe('ok ok')
  })
})

describe('what only tells', () => {
  test('a shadow rule, and every rule of a shadow domain, is counted and never refuses', async () => {
    const byRule = desk([rule(['a'], { shadow: true, amount: per('hour', 1) })])
    await byRule.ask(['a=1'])
    const over = await byRule.ask(['a=1'])
    expect(over).toMatchObject({ code: 'ok', statuses: [{ code: 'ok', remaining: 0, limit: { requestsPerUnit: 1 } }] })
    expect(over.metadata).toBeUndefined()
    const byDomain = desk([rule(['a'], { amount: none })], { shadow: true })
    expect(
      await byDomain.codes(['a=1', { entries: entriesOf('b=1'), override: { requestsPerUnit: 0, unit: 'day' } }]),
    ).toBe('ok ok')
  })

  test('quota mode tells in metadata which descriptors are over, and refuses nothing', async () => {
    const byRule = desk([rule(['a'], { quotaMode: true, amount: none }), rule(['b'])])
    expect(await byRule.ask(['b=1', 'a=1'])).toMatchObject({
      code: 'ok',
      statuses: [{ code: 'ok' }, { code: 'ok' }],
      metadata: { domain: 'shop', quotaModeViolations: [1] },
    })
    expect((await byRule.ask(['b=1'])).metadata).toBeUndefined()
    const byDomain = desk([rule(['a'], { amount: none })], { quotaMode: true })
    expect(await byDomain.ask(['a=1'])).toMatchObject({ code: 'ok', metadata: { quotaModeViolations: [0] } })
  })

  test('a shadow limit beside an enforced one is not the one that is told', async () => {
    const { ask } = desk([
      rule(['a'], { id: 'a', name: 'real', amount: per('hour', 10) }),
      rule(['a'], { id: 'b', name: 'trial', shadow: true, amount: per('hour', 1) }),
    ])
    await ask(['a=1'])
    const { statuses, responseHeaders } = await ask(['a=1'])
    expect(statuses[0]).toMatchObject({ code: 'ok', limit: { name: 'real' }, remaining: 8 })
    expect(responseHeaders.map(({ value }) => value)).toEqual(['"real";q=10;w=3600', '"real";r=8;t=3570'])
  })
})

test('unlimited is inside whatever is asked, none is no limit', async () => {
  const { ask } = desk([rule(['a'], { amount: { kind: 'unlimited' } }), rule(['b'], { amount: { kind: 'none' } })])
  expect(await ask(['a=1', 'b=1'], { hitsAddend: 1e12 })).toEqual({
    code: 'ok',
    statuses: [
      { code: 'ok', remaining: Number.POSITIVE_INFINITY },
      { code: 'ok', remaining: 0 },
    ],
    responseHeaders: [],
  })
})

test('a period of several units has no unit to be told', async () => {
  const { ask } = desk([rule(['a'], { amount: per('minute', 7, { units: 5 }) })])
  const { statuses, responseHeaders } = await ask(['a=1'])
  expect(statuses[0]?.limit).toEqual({ requestsPerUnit: 7, unit: undefined, name: '' })
  expect(responseHeaders[0]?.value).toBe('"a";q=7;w=300')
  expect(statuses[0]?.resetMs).toBe(270_000)
})
