import { describe, expect, test } from 'vitest'
import type { HitStore } from '../../../../src/check/hit-ports.ts'
import { Fault } from '../../../../src/core/fault.ts'
import type { HitAnswer, HitRequest } from '../../../../src/core/hit.ts'
import type { Posture } from '../../../../src/core/limit.ts'
import { createMemoryHitStore } from '../../../../src/memory/hit-store.ts'
import { desk, entriesOf, per, rule } from './harness.ts'

/** A store that answers only while it is told to. */
function flaky(nowMs: () => number) {
  const real = createMemoryHitStore({ nowMs, countersMax: 1_000 })
  let trouble: 'none' | 'away' | 'late' | 'uncertain' | 'defect' = 'none'
  const late: (() => Promise<void>)[] = []
  const asked: HitRequest[] = []
  const store: HitStore = {
    ...{ nowMs, release: (slots) => real.release(slots) },
    async hit(request, options) {
      asked.push(request)
      if (trouble === 'none') return real.hit(request)
      if (trouble === 'late') return { kind: 'late', at: nowMs() }
      if (trouble === 'defect') throw new TypeError('Ours')
      if (trouble === 'uncertain') late.push(async () => options?.onLate?.(await real.hit(request)))
      throw new Fault('store_unavailable', 'Away', { uncertain: trouble === 'uncertain' })
    },
  }
  return {
    store,
    asked,
    become(next: typeof trouble) {
      trouble = next
    },
    /** What arrives after it was given up. */
    async arrive() {
      for (const answer of late.splice(0)) await answer()
    },
  }
}

function away(
  rules: Parameters<typeof desk>[0],
  { processes = 1, ...domain }: Parameters<typeof desk>[1] & { readonly processes?: number } = {},
) {
  const made: ReturnType<typeof flaky>[] = []
  const at = desk(rules, {
    ...domain,
    deps(nowMs) {
      const found = flaky(nowMs)
      made.push(found)
      return { hits: found.store, processes: () => processes }
    },
  })
  const [found] = made
  if (found === undefined) throw new Error('The desk has no store')
  const { asked, become, arrive } = found
  return { ...at, asked, become, arrive }
}

const hourly = (posture: Posture, amount = 4, key = posture) => rule([key], { posture, amount: per('hour', amount) })

describe.each(['away', 'late', 'uncertain'] as const)('while the store is %s', (trouble) => {
  test('allow passes and tells no limit, deny refuses and says that it is our trouble, local counts its share', async () => {
    const { ask, codes, become, cases } = away([hourly('allow'), hourly('deny'), hourly('local')], { processes: 2 })
    become(trouble)
    expect(await ask(['allow=1'])).toEqual({
      code: 'ok',
      statuses: [{ code: 'ok', remaining: 0 }],
      responseHeaders: [],
    })
    const denied = await ask(['deny=1'])
    expect(denied).toMatchObject({ code: 'over_limit', statuses: [{ code: 'over_limit', remaining: 0 }] })
    expect(JSON.parse(denied.body ?? '')).toMatchObject({
      type: 'https://docs.example/blocked#unavailable',
      status: 429,
    })
    expect(denied.responseHeaders[0]).toEqual({ name: 'retry-after', value: '2' })
    expect((await ask(['local=1'])).statuses[0]).toMatchObject({
      code: 'ok',
      remaining: 1,
      limit: { requestsPerUnit: 2 },
    })
    expect([await codes(['local=1']), await codes(['local=1'])]).toEqual(['ok', 'over'])
    expect(new Set(cases)).toEqual(new Set(['store_away']))
  })

  test('hits that are given back are not refused', async () => {
    const { codes, become } = away([hourly('deny')])
    become(trouble)
    expect(await codes([{ entries: entriesOf('deny=1'), isNegativeHits: true }])).toBe('ok')
    expect(await codes([{ entries: entriesOf('deny=1'), hitsAddend: 0 }])).toBe('over')
  })

  test('what is not enforced never refuses, whatever its posture', async () => {
    const { codes, become } = away([
      rule(['a'], { posture: 'deny', shadow: true }),
      rule(['b'], { posture: 'deny', quotaMode: true }),
    ])
    become(trouble)
    expect(await codes(['a=1', 'b=1'])).toBe('ok ok')
  })

  test('all or nothing: a call that is denied takes no share; each: the other descriptors do', async () => {
    for (const [counting, left] of [
      ['all_or_nothing', 'ok ok ok ok over'],
      ['each', 'ok ok ok over over'],
    ] as const) {
      const { codes, become } = away([hourly('deny'), hourly('local')], { counting })
      become(trouble)
      const first = await codes(['deny=1', 'local=1'])
      expect(first).toBe('over ok')
      const after: string[] = []
      for (let time = 0; time < 5; time += 1) after.push(await codes(['local=1']))
      expect(after.join(' ')).toBe(left)
    }
  })
})

test('the shares last through a short return of the store, and are new after a long one', async () => {
  const { codes, become, sleep } = away([hourly('local', 1)])
  become('away')
  expect([await codes(['local=1']), await codes(['local=1'])]).toEqual(['ok', 'over'])
  become('none')
  expect(await codes(['local=1'])).toBe('ok')
  become('away')
  expect(await codes(['local=1'])).toBe('over')
  become('none')
  await codes(['local=1'])
  sleep(10_001)
  await codes(['local=1'])
  become('away')
  expect(await codes(['local=1'])).toBe('ok')
})

test('a share that has no room left refuses', async () => {
  const nowhere: HitStore = {
    nowMs: Date.now,
    hit: () => Promise.reject(new Fault('store_unavailable', 'Full')),
    release: () => Promise.resolve(),
  }
  const { codes } = desk([hourly('local')], { deps: () => ({ hits: nowhere, openLocal: () => nowhere }) })
  expect(await codes(['local=1'])).toBe('over')
})

test('a defect of ours is thrown, not passed', async () => {
  const { ask, become } = away([hourly('allow')])
  become('defect')
  await expect(ask(['allow=1'])).rejects.toThrow(TypeError)
})

describe('hits that were taken unheard', () => {
  const looks = async ({ ask }: ReturnType<typeof away>, key: string) =>
    (await ask([{ entries: entriesOf(`${key}=1`), hitsAddend: 0 }])).statuses[0]?.remaining

  test('are given back when the call was refused, once', async () => {
    const at = away([hourly('deny')])
    at.become('uncertain')
    expect(await at.codes(['deny=1'])).toBe('over')
    at.become('none')
    await at.arrive()
    await at.arrive()
    expect(await looks(at, 'deny')).toBe(4)
    const back = at.asked.filter(({ lines }) => lines.some(({ hits }) => hits < 0))
    expect(back).toHaveLength(1)
  })

  test.each([
    ['all_or_nothing', [4, 4]],
    ['each', [4, 1]],
  ] as const)('are given back when this process’s share refused the call: %s', async (counting, left) => {
    const at = away([hourly('local'), hourly('allow')], { processes: 2, counting })
    at.become('uncertain')
    expect(await at.codes(['local=1', 'allow=1'], { hitsAddend: 3 })).toBe('over ok')
    at.become('none')
    await at.arrive()
    expect([await looks(at, 'local'), await looks(at, 'allow')]).toEqual(left)
  })

  test('go by what the caller was told before the decision came', async () => {
    const told = (code: 'ok' | 'over_limit') => ({ code, statuses: [{ code, remaining: 0 }], responseHeaders: [] })
    const passed = away([hourly('local')], { processes: 2 })
    passed.become('uncertain')
    expect((await passed.ask(['local=1'], { hitsAddend: 3, told: told('ok') })).code).toBe('over_limit')
    passed.become('none')
    await passed.arrive()
    expect(await looks(passed, 'local')).toBe(1)
    const refused = away([hourly('local')], { processes: 2 })
    refused.become('uncertain')
    expect((await refused.ask(['local=1'], { hitsAddend: 2, told: told('over_limit') })).code).toBe('ok')
    expect(await looks(refused, 'local')).toBe(2)
    refused.become('none')
    await refused.arrive()
    expect(await looks(refused, 'local')).toBe(4)
  })

  test('stay taken when the call passed, and when refused hits are charged', async () => {
    const passed = away([hourly('allow')])
    passed.become('uncertain')
    await passed.ask(['allow=1'])
    passed.become('none')
    await passed.arrive()
    expect(await looks(passed, 'allow')).toBe(3)
    const charged = away([hourly('deny')], { chargesRefused: true })
    charged.become('uncertain')
    await charged.ask(['deny=1'])
    charged.become('none')
    await charged.arrive()
    expect(await looks(charged, 'deny')).toBe(3)
  })

  test('of a window that is over meanwhile are not taken from the next one', async () => {
    const at = away([rule(['deny'], { posture: 'deny', amount: per('minute', 4) })])
    at.become('uncertain')
    await at.codes(['deny=1'])
    await at.arrive()
    at.sleep(60_000)
    at.become('none')
    await at.codes(['deny=1'])
    await at.arrive()
    expect(await looks(at, 'deny')).toBe(3)
  })

  test('that the store could not take are not given back', async () => {
    const at = away([hourly('deny', 0)])
    at.become('uncertain')
    await at.codes(['deny=1'])
    at.become('none')
    await at.arrive()
    expect(at.asked).toHaveLength(1)
  })
})

test('windows that passed meanwhile are asked anew, with those of the store’s time, and not for ever', async () => {
  let refusals = 1
  const asked: HitRequest[] = []
  const { codes } = desk([rule(['a'], { posture: 'deny', amount: per('minute', 1) })], {
    deps(nowMs) {
      const real = createMemoryHitStore({ nowMs: () => nowMs() + 86_400_000, countersMax: 10 })
      const hit = async (request: HitRequest): Promise<HitAnswer> => {
        asked.push(request)
        if (refusals > 0) return { kind: 'stale-windows', at: nowMs() + 86_400_000 }
        return real.hit({ ...request, notAfterMs: Number.POSITIVE_INFINITY })
      }
      return { hits: { nowMs, hit, release: real.release } }
    },
  })
  const answer = codes(['a=1'])
  refusals = 0
  expect(await answer).toBe('ok')
  expect(asked).toHaveLength(2)
  refusals = 1
  expect(await codes(['a=1'])).toBe('over')
  expect(asked).toHaveLength(5)
})
