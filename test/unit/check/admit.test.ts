import { describe, expect, test } from 'vitest'
import { createAdmit } from '../../../src/check/admit.ts'
import type { Seeder, SpendStore } from '../../../src/check/ports.ts'
import { Fault } from '../../../src/core/fault.ts'
import type { SpendAnswer, SpendRequest } from '../../../src/core/spend.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { dayMs, limitRule, lineFacts, noonMs, ticket } from './factories.ts'

const taken: SpendAnswer = { kind: 'taken', at: noonMs, paceMs: 0, epochs: [], states: [] }
const cold: SpendAnswer = { kind: 'cold', at: noonMs, lines: [0] }

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
    store: { spend, peek: unused, report: unused, seed: unused, expire: unused, nowMs: () => noonMs },
  }
}

function admitting(store: SpendStore, seed: Seeder = async () => true) {
  return (posture: 'allow' | 'deny' = 'deny') =>
    createAdmit({ store, seed, observer: silentObserver })({
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

  test('a store that is away refuses by posture deny', async () => {
    const { store } = scripted(new Fault('store_unavailable', 'Away'))
    expect(await admitting(store)()).toEqual({ kind: 'unavailable', reason: 'store' })
  })

  test('a spend whose answer was not heard is told with its subjects, to be given back', async () => {
    const { store } = scripted(new Fault('store_unavailable', 'Away', { uncertain: true }))
    const admission = await admitting(store)()
    expect(admission.kind === 'unavailable' && admission.subjects?.map(({ id }) => id)).toEqual([
      'alice',
      'vision',
      'research',
    ])
  })

  test('a store that is away passes by posture allow, unbooked', async () => {
    const { store } = scripted(new Fault('store_unavailable', 'Away'))
    expect(await admitting(store)('allow')).toEqual({ kind: 'unbooked' })
  })

  test('a late spend is unavailable, not a refusal', async () => {
    const { store } = scripted({ kind: 'late', at: noonMs })
    expect(await admitting(store)()).toEqual({ kind: 'unavailable', reason: 'late' })
  })
})
