import { describe, expect, test } from 'vitest'
import type { Admission } from '../../../src/check/admission.ts'
import { createAdmit } from '../../../src/check/admit.ts'
import type { Seeder, SpendStore } from '../../../src/check/ports.ts'
import type { Unanswered, WithoutStore } from '../../../src/check/without-store.ts'
import { Fault } from '../../../src/core/fault.ts'
import type { SpendAnswer, SpendRequest } from '../../../src/core/spend.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { dayMs, limitRule, lineFacts, noonMs, ticket } from './factories.ts'

const taken: SpendAnswer = { kind: 'taken', at: noonMs, paceMs: 0, epochs: [], states: [] }
const cold: SpendAnswer = { kind: 'cold', at: noonMs, lines: [0] }
const refusal = { kind: 'refused', at: noonMs, line: 0, retryAfterMs: 1 } as const

/** A store that plays back answers and remembers what it was asked: the real stores have their own conformance suite. */
function scripted(...answers: readonly (SpendAnswer | Error)[]): { store: SpendStore; asked: SpendRequest[] } {
  const asked: SpendRequest[] = []
  const unused = (): never => {
    throw new Error('Not asked for here')
  }
  const spend = async (request: SpendRequest): Promise<SpendAnswer> => {
    const answer = answers[asked.length] ?? new Error('Asked too often')
    asked.push(request)
    if (answer instanceof Error) throw answer
    return answer
  }
  return {
    asked,
    store: { spend, peek: unused, report: unused, release: unused, seed: unused, expire: unused, nowMs: () => noonMs },
  }
}

/** What decides while the store is away has tests of its own. */
function awayRemembering(refusal?: Admission): { away: WithoutStore; asked: Unanswered[]; answers: () => number } {
  const asked: Unanswered[] = []
  let answers = 0
  const answered = (): void => {
    answers += 1
  }
  const decide = async (unanswered: Unanswered): Promise<Admission> => {
    asked.push(unanswered)
    return { kind: 'unavailable', reason: 'store' }
  }
  return {
    asked,
    answers: () => answers,
    away: { decide, answered, refusal: async () => refusal, reported: () => undefined },
  }
}

function admitting(store: SpendStore, seed: Seeder = async () => true, { away } = awayRemembering()) {
  return (posture: 'allow' | 'deny' | 'local' = 'deny') =>
    createAdmit({ store, seed, away, observer: silentObserver })({
      limits: [limitRule({ posture })],
      lineFacts: lineFacts(),
      spend: {
        ...{ id: 'r1', surface: 'pypi', home: 7, notAfterMs: noonMs + 200, expiresInMs: 300_000 },
        estimate: ticket().estimate,
        meta: ticket().meta,
      },
    })
}

describe('admit()', () => {
  test('seeds a cold counter and spends again under the same id and deadline', async () => {
    const { store, asked } = scripted(cold, taken)
    expect(await admitting(store)()).toMatchObject({ kind: 'taken' })
    expect(asked.map(({ id, notAfterMs, cold }) => [id, notAfterMs, cold])).toEqual([
      ['r1', noonMs + 200, 'ask'],
      ['r1', noonMs + 200, 'ask'],
    ])
  })

  test('refuses when a cold limit of posture deny cannot be seeded', async () => {
    const { store } = scripted(cold)
    expect(await admitting(store, async () => false)()).toEqual({ kind: 'unavailable', reason: 'cold' })
  })

  test('lets a cold limit of posture allow pass and still books', async () => {
    const { store, asked } = scripted(cold, taken)
    expect(await admitting(store, async () => false)('allow')).toMatchObject({ kind: 'taken' })
    expect(asked.at(-1)?.cold).toBe('pass')
  })

  test('does not seed for ever when the counter stays cold', async () => {
    const { store, asked } = scripted(cold, cold, taken)
    expect(await admitting(store)('allow')).toMatchObject({ kind: 'taken' })
    expect(asked).toHaveLength(3)
  })

  test("asks again with the windows of the store's own time", async () => {
    const { store, asked } = scripted({ kind: 'stale-windows', at: noonMs + dayMs }, taken)
    expect(await admitting(store)()).toMatchObject({ kind: 'taken' })
    const line = asked.at(-1)?.lines[0]
    expect(line?.kind === 'quota' && line.current.startMs).toBe(noonMs + dayMs / 2)
  })

  test('a cold limit of posture local that cannot be seeded refuses by its share, and else lets pass', async () => {
    const refused: Admission = { kind: 'refused', lines: [], answer: { ...refusal, states: [] } }
    const asking = (away?: Admission) =>
      admitting(scripted(cold, taken).store, async () => false, awayRemembering(away))('local')
    expect(await asking(refused)).toEqual(refused)
    expect(await asking()).toMatchObject({ kind: 'taken' })
  })

  test.each([true, false])(
    'a spend that the store did not answer (uncertain: %s) is decided without it',
    async (uncertain) => {
      const { store } = scripted(new Fault('store_unavailable', 'Away', { uncertain }))
      const without = awayRemembering()
      expect(await admitting(store, undefined, without)()).toEqual({ kind: 'unavailable', reason: 'store' })
      expect(without.asked).toMatchObject([{ isUncertain: uncertain, spend: { id: 'r1' } }])
      expect(without.answers()).toBe(0)
      expect(without.asked[0]?.subjects.map(({ id }) => id)).toEqual(['alice', 'vision', 'research'])
    },
  )

  test('tells the shares of this process of every answer', async () => {
    const without = awayRemembering()
    await admitting(scripted(cold, taken).store, undefined, without)()
    expect(without.answers()).toBe(2)
  })

  test('a late spend is unavailable, not a refusal', async () => {
    const { store } = scripted({ kind: 'late', at: noonMs })
    expect(await admitting(store)()).toEqual({ kind: 'unavailable', reason: 'late' })
  })
})
