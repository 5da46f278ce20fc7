import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Checkpoint, Report } from '../../src/core/charge.ts'
import type { Line, QuotaLine, TimeRange } from '../../src/core/limit.ts'
import { type Amounts, bookedQuantities } from '../../src/core/quantity.ts'
import type { SpendRequest } from '../../src/core/spend.ts'
import type { Subject } from '../../src/core/subject.ts'
import { createMemorySpendStore } from '../../src/memory/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { hourOf, meta, type StoreHarness, startMs } from '../support/spend-harness.ts'

const largest = Number.MAX_SAFE_INTEGER
const subjects: readonly Subject[] = [
  { kind: 'account', id: 'alice', partition: 7 },
  { kind: 'department', id: '研究 & 1', partition: 7 },
  { kind: 'address', id: '2001:db8::/64', partition: 200 },
]

// Small figures meet often, the largest find what is not exact.
const figure = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(largest, largest - 1, 2 ** 52, 2 ** 52 + 1, 2 ** 47 + 1) },
)
const amounts: fc.Arbitrary<Amounts> = fc.record({ requests: figure, credits: figure, bytes: figure, gpu_ms: figure })
const surface = fc.constantFrom('pypi' as const, 'gpu' as const)
const subject = fc.constantFrom(...subjects)

const rate = fc
  .record({
    kind: fc.constant('rate' as const),
    limit: fc.constantFrom('per second', 'large'),
    subject,
    quantity: fc.constantFrom(...bookedQuantities),
    surface: fc.constantFrom('any' as const, 'pypi' as const),
    hits: figure,
    enforced: fc.boolean(),
    posture: fc.constant('deny' as const),
    amount: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(largest, 2 ** 31 + 1)),
    periodMs: fc.constantFrom(1, 7, 1_000, 60_000, 3_599_999, 3_600_000),
    burst: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(2 ** 52)),
    paceMsMax: fc.constantFrom(0, 0, 2, 5_000, 10 ** 12),
  })
  .map((line) => ({ ...line, burst: Math.min(line.burst, Math.floor(2 ** 52 / line.periodMs)) }))

const quota = fc.record({
  kind: fc.constant('quota' as const),
  limit: fc.constantFrom('hourly', 'other'),
  subject,
  quantity: fc.constantFrom(...bookedQuantities),
  surface: fc.constantFrom('any' as const, 'pypi' as const),
  hits: figure,
  enforced: fc.boolean(),
  posture: fc.constant('deny' as const),
  amount: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(largest, largest - 1, 2 ** 53 - 7)),
  window: fc.constantFrom('hour' as const, 'hour' as const, 'month' as const, 'week_sun' as const),
  timeZone: fc.constantFrom('UTC', 'Asia/Kathmandu'),
  /** Hours between the caller's idea of the time and the store's. */
  behind: fc.constantFrom(0, 0, 0, 0, 1, -1),
})
const cap = fc.record({
  kind: fc.constant('concurrency' as const),
  limit: fc.constantFrom('in flight', 'other'),
  subject,
  quantity: fc.constant('in_flight' as const),
  surface: fc.constantFrom('any' as const, 'pypi' as const),
  hits: fc.constantFrom(0, 1, 1, 1),
  enforced: fc.boolean(),
  posture: fc.constant('deny' as const),
  amount: fc.integer({ min: 0, max: 3 }),
  slotMs: fc.constantFrom(9_000, 9_000, 9_000, 60_000),
})
const line = fc.oneof({ weight: 2, arbitrary: rate }, { weight: 3, arbitrary: quota }, { weight: 2, arbitrary: cap })
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e f')

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('spend' as const),
      id,
      lines: fc.array(line, { maxLength: 4 }),
      estimate: amounts,
      surface,
      touched: fc.subarray([...subjects]),
      leftMs: fc.constantFrom(1_000, 1_000, 1_000, -1),
      cold: fc.constantFrom('ask' as const, 'pass' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('peek' as const), lines: fc.array(line, { minLength: 1, maxLength: 4 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      id,
      state: fc.constantFrom('open' as const, 'final' as const),
      amounts,
      refundAfterMs: fc.option(fc.constantFrom(-1, 0, 1), { nil: undefined }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('seed' as const),
      counters: fc.array(fc.tuple(quota, figure), { maxLength: 3 }),
      subject,
      fresh: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('expire' as const),
      countMax: fc.constant(100),
      // How long ago a log stream broke last.
      brokeAgoMs: fc.constantFrom(Number.NEGATIVE_INFINITY, 0, 30_000, 90_000, Number.POSITIVE_INFINITY),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 9, 999, 30_000, 90_000, 3_690_000, 49 * 3_600_000, -1_000, -6_000),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

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
      case 'seed':
        return this.#seed(one)
    }
  }

  #line(drawn: typeof line extends fc.Arbitrary<infer L> ? L : never): Line {
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
      partitions: [7, 200].map((partition) => ({ partition, epoch: 'any' })),
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

const runs = Number(process.env['TOLLGATE_PROPERTY_RUNS'] ?? 150)

describe('the scripts', () => {
  it('agree with core on any history of spends, peeks, reports, seeds and expiries', { timeout: 600_000 }, async () => {
    const histories = fc.array(step, { minLength: 5, maxLength: 30, size: 'max' })
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        expect(await playInRedis(history)).toEqual(await playInProcess(history))
      }),
      { numRuns: runs },
    )
  })
})
