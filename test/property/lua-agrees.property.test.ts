import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Checkpoint, Report } from '../../src/core/charge.ts'
import type { Line, QuotaLine, TimeRange } from '../../src/core/limit.ts'
import type { SpendRequest } from '../../src/core/spend.ts'
import { createMemorySpendStore } from '../../src/memory/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { hourOf, meta, type StoreHarness, startMs } from '../support/spend-harness.ts'
import { histories, type Step, subjects } from '../support/store-histories.ts'

const anyEpoch = [7, 200].map((partition) => ({ partition, epoch: 'any' }))

/** Plays a history against one store and answers everything it said. */
class Player {
  readonly #harness: StoreHarness
  readonly #checkpoints = new Map<number, Checkpoint>()
  readonly #spends = new Map<string, { readonly request: SpendRequest; readonly at: number }>()
  #nowMs = startMs

  constructor(harness: StoreHarness) {
    this.#harness = harness
  }

  async play(history: readonly Step[]): Promise<unknown[]> {
    const said: unknown[] = []
    await this.#harness.setNow(startMs)
    for (const one of history) said.push(await this.#do(one))
    for (const partition of [7, 200]) said.push(await this.#drain(partition))
    const stale = await this.#harness.store.stale(10)
    const byName = stale.map((entry) => JSON.stringify(entry.subject)).sort()
    return JSON.parse(JSON.stringify([...said, byName])) as unknown[]
  }

  async #do(one: Step): Promise<unknown> {
    const { store } = this.#harness
    switch (one.do) {
      case 'wait':
        this.#nowMs += one.ms
        return this.#harness.setNow(this.#nowMs)
      case 'peek':
        return withoutEpochs(await store.peek(one.lines.map((entry) => this.#line(entry))))
      case 'expire':
        return store.expire({
          countMax: one.countMax,
          notAfterMs: this.#nowMs + 1_000,
          brokeAtMs: this.#nowMs - one.brokeAgoMs,
        })
      case 'spend':
        return this.#spend(one)
      case 'report':
        return this.#report(one)
      case 'release':
        return store.release({ id: one.id, partitions: anyEpoch })
      case 'seed':
        return this.#seed(one)
    }
  }

  #line(drawn: Extract<Step, { do: 'peek' }>['lines'][number]): Line {
    if (drawn.kind !== 'quota') return drawn
    const { behind, ...rest } = drawn
    const current = windowOf(rest.window, this.#nowMs - behind * 3_600_000)
    return { ...rest, current, next: windowOf(rest.window, current.endMs) }
  }

  async #spend(one: Extract<Step, { do: 'spend' }>): Promise<unknown> {
    const request: SpendRequest = {
      id: one.id,
      lines: one.lines.map((entry) => this.#line(entry)),
      estimate: one.estimate,
      surface: one.surface,
      subjects: one.touched,
      home: 7,
      meta,
      notAfterMs: this.#nowMs + one.leftMs,
      expiresInMs: 30_000,
      cold: one.cold,
    }
    const answer = await this.#harness.store.spend(request)
    if (answer.kind === 'taken') this.#spends.set(one.id, { request, at: answer.at })
    return withoutEpochs(answer)
  }

  async #report(one: Extract<Step, { do: 'report' }>): Promise<unknown> {
    const known = this.#spends.get(one.id)
    const refund = one.refundAfterMs === undefined ? {} : { notAfterMs: this.#nowMs + one.refundAfterMs }
    const report: Report = {
      id: one.id,
      at: known?.at ?? this.#nowMs,
      partitions: anyEpoch,
      subjects,
      surface: known?.request.surface ?? 'pypi',
      home: 7,
      meta,
      state: one.state,
      amounts: one.amounts,
      outcome: 'delivered',
      expiresInMs: 30_000,
      ...refund,
    }
    return this.#harness.store.report(report)
  }

  async #seed(one: Extract<Step, { do: 'seed' }>): Promise<unknown> {
    const { partition } = one.subject
    if (one.fresh) await this.#drain(partition)
    const counters = one.counters.map(([drawn, used]) => {
      const { surface, quantity, window, timeZone } = drawn
      const range = windowOf(window, this.#nowMs - drawn.behind * 3_600_000)
      return { surface, quantity, window, timeZone, ...range, used }
    })
    return this.#harness.store.seed({ subject: one.subject, checkpoint: this.#checkpoints.get(partition), counters })
  }

  async #drain(partition: number): Promise<unknown> {
    const batch = await this.#harness.store.charges({ partition, checkpoint: undefined, countMax: 1_000 })
    this.#checkpoints.set(partition, { partition, epoch: batch.epoch, position: batch.position })
    // A sweep books in the order it finds; that order is nobody's promise.
    return batch.entries.map(({ position: _, epoch: __, ...entry }) => JSON.stringify(entry)).sort()
  }
}

/** Hours are hours; for the longer windows stand some of two and four days, which roll within a history. */
function windowOf(window: QuotaLine['window'], ms: number): TimeRange {
  if (window === 'hour') return hourOf(ms)
  const lengthMs = (window === 'month' ? 4 : 2) * 24 * 3_600_000
  const start = ms - (ms % lengthMs)
  return { startMs: start, endMs: start + lengthMs }
}

function withoutEpochs(answer: object): unknown {
  return 'epochs' in answer ? { ...answer, epochs: undefined } : answer
}

async function playInProcess(history: readonly Step[]): Promise<unknown[]> {
  let nowMs = startMs
  const store = createMemorySpendStore({
    nowMs: () => nowMs,
    randomText: () => 'epoch',
    observer: silentObserver,
  })
  const setNow = async (ms: number): Promise<void> => {
    nowMs = ms
  }
  return new Player({ store, setNow, close: async () => undefined }).play(history)
}

async function playInRedis(history: readonly Step[]): Promise<unknown[]> {
  const harness = await createClockedRedis()
  try {
    return await new Player(harness).play(history)
  } finally {
    await harness.close()
  }
}

const runs = Number(process.env['TOLLGATE_PROPERTY_RUNS'] ?? 300)

describe('the scripts', () => {
  it('agree with core on any history of spends, peeks, reports, seeds and expiries', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        expect(await playInRedis(history)).toEqual(await playInProcess(history))
      }),
      { numRuns: runs },
    )
  })
})
