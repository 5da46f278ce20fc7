import { describe, expect, test } from 'vitest'
import type { HitStore } from '../../../../src/check/hit-ports.ts'
import type { HitCall } from '../../../../src/check/rate-limit/count-on.ts'
import { createHitsAway, deniedBy } from '../../../../src/check/rate-limit/hits-away.ts'
import { Fault } from '../../../../src/core/fault.ts'
import type { HitLine, HitRequest } from '../../../../src/core/hit.ts'
import type { Posture } from '../../../../src/core/limit.ts'
import { createPeriodMemo } from '../../../../src/core/period-window.ts'
import { createMemoryHitStore } from '../../../../src/memory/hit-store.ts'
import { silentObserver } from '../../../../src/telemetry/observer.ts'
import { counter, windowLine } from '../../../support/hit-harness.ts'
import { startMs } from '../../../support/spend-harness.ts'
import { rule } from './harness.ts'

const line = (descriptor: number, posture: Posture, some: Partial<HitLine> = {}): HitLine =>
  ({
    ...windowLine({ descriptor, posture, amount: 4, counter: counter(`${posture}${descriptor}`) }),
    ...some,
  }) as HitLine

/** With stores of this process's own, the times they were opened, and what they were asked. */
function outage({ processes = 1, fault }: { processes?: number; fault?: unknown } = {}) {
  let now = startMs
  let opened = 0
  const asked: HitRequest[] = []
  const openLocal = (): HitStore => {
    opened += 1
    const store = createMemoryHitStore({ nowMs: () => now, countersMax: 100 })
    return {
      ...store,
      hit(request) {
        asked.push(request)
        return fault === undefined ? store.hit(request) : Promise.reject(fault)
      },
    }
  }
  const away = createHitsAway({ openLocal, processes: () => processes, nowMs: () => now, observer: silentObserver })
  const decide = async (lines: readonly HitLine[], counting: HitCall['counting'] = 'each') => {
    const rules = lines.map(({ posture, descriptor }) => rule([`${posture}${descriptor}`]))
    const rest = { notAfterMs: startMs - 1, memo: createPeriodMemo() }
    const { limits, denied, shares } = await away.decide({ lines, rules, counting, ...rest })
    const told = limits.map((limit) => `${limit.rule.id} ${limit.state.after} of ${limit.line.amount}`)
    return { told, denied: [...denied], hasShares: shares !== undefined }
  }
  return {
    ...{ decide, asked, answered: () => away.answered() },
    opened: () => opened,
    sleep(ms: number) {
      now += ms
    },
  }
}

describe('createHitsAway()', () => {
  test('counts the shares of local limits alone, each beside its own rule, and says where', async () => {
    const { decide, asked } = outage({ processes: 2 })
    const lines = [line(0, 'allow'), line(1, 'local'), line(2, 'local', { enforced: false }), line(3, 'local')]
    expect(await decide(lines)).toEqual({ told: ['local1 1 of 2', 'local3 1 of 2'], denied: [], hasShares: true })
    // Its own patience: the store's time is over already.
    expect(asked[0]?.notAfterMs).toBeGreaterThan(startMs)
  })

  test('opens no store where nothing is local', async () => {
    const { decide, opened } = outage()
    expect(await decide([line(0, 'allow'), line(1, 'deny')])).toEqual({ told: [], denied: [1], hasShares: false })
    expect(opened()).toBe(0)
  })

  test('a descriptor that is denied takes no share of its local limits', async () => {
    const { decide } = outage()
    const lines = [line(0, 'local'), line(0, 'deny'), line(1, 'local')]
    expect(await decide(lines)).toMatchObject({ told: ['local1 1 of 4'], denied: [0] })
    expect(await decide(lines, 'all_or_nothing')).toEqual({ told: [], denied: [0], hasShares: false })
    expect(await decide([line(0, 'local')])).toMatchObject({ told: ['local0 1 of 4'] })
  })

  test('a number of processes that is not known yet is one', async () => {
    const { decide } = outage({ processes: 0 })
    expect(await decide([line(0, 'local')])).toMatchObject({ told: ['local0 1 of 4'] })
  })

  test('refuses what its own store cannot count, and what is denied, and throws a defect', async () => {
    const full = outage({ fault: new Fault('store_unavailable', 'Full') })
    const lines = [line(0, 'allow'), line(1, 'local'), line(2, 'deny')]
    expect(await full.decide(lines)).toEqual({ told: [], denied: [2, 1], hasShares: false })
    const broken = outage({ fault: new TypeError('Ours') })
    await expect(broken.decide([line(0, 'local')])).rejects.toThrow(TypeError)
  })

  test('keeps its shares until the store has answered for ten seconds without an outage', async () => {
    const { decide, answered, opened, sleep } = outage()
    const answersFor = (ms: number) => {
      answered()
      sleep(ms)
      answered()
    }
    await decide([line(0, 'local')])
    answersFor(10_000)
    await decide([line(0, 'local')])
    expect(opened()).toBe(1)
    answersFor(1)
    await decide([line(0, 'local')])
    expect(opened()).toBe(1)
    answersFor(10_001)
    await decide([line(0, 'local')])
    expect(opened()).toBe(2)
  })
})

describe('deniedBy()', () => {
  test('names the descriptors of enforced lines that deny, but for hits that are given back', () => {
    const lines = [
      line(0, 'deny', { enforced: false }),
      line(1, 'allow'),
      line(2, 'local'),
      line(3, 'deny', { hits: -1 }),
      line(4, 'deny', { hits: 0 }),
      line(5, 'allow'),
      line(5, 'deny'),
    ]
    expect([...deniedBy(lines)]).toEqual([4, 5])
  })
})
