import fc from 'fast-check'
import type { ConcurrencyLine, QuotaLine, RateLine } from '../../src/core/limit.ts'
import { type Amounts, bookedQuantities } from '../../src/core/quantity.ts'
import type { Subject } from '../../src/core/subject.ts'

const largest = Number.MAX_SAFE_INTEGER
const alice: Subject = { kind: 'account', id: 'alice', partition: 7 }
/** Two of them share a partition. */
export const subjects: readonly Subject[] = [
  alice,
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

// Few and small figures on one counter of each kind, so that lines are full, wait, are held and given back all the time.
const smallRate = fc.record({
  kind: fc.constant('rate' as const),
  limit: fc.constant('per second'),
  subject: fc.constant(alice),
  quantity: fc.constant('requests' as const),
  surface: fc.constant('pypi' as const),
  hits: fc.integer({ min: 0, max: 3 }),
  enforced: fc.constantFrom(true, true, true, false),
  posture: fc.constant('deny' as const),
  amount: fc.integer({ min: 1, max: 2 }),
  periodMs: fc.constantFrom(1_000, 1_000, 1_000, 1_007),
  burst: fc.integer({ min: 2, max: 3 }),
  paceMsMax: fc.constantFrom(0, 1_500, 3_000, 3_000),
})
const smallCap = fc.record({
  kind: fc.constant('concurrency' as const),
  limit: fc.constantFrom('in flight', 'other'),
  subject: fc.constant(alice),
  quantity: fc.constant('in_flight' as const),
  surface: fc.constant('pypi' as const),
  hits: fc.constantFrom(0, 1, 1, 1),
  enforced: fc.constantFrom(true, true, false),
  posture: fc.constant('deny' as const),
  amount: fc.integer({ min: 1, max: 3 }),
  slotMs: fc.constantFrom(9_000, 9_000, 12_000),
})

/** A quota line gets its windows when it is played. */
type DrawnLine = RateLine | ConcurrencyLine | (Omit<QuotaLine, 'current' | 'next'> & { readonly behind: number })

interface Drawn {
  readonly id: fc.Arbitrary<string>
  readonly line: fc.Arbitrary<DrawnLine>
  readonly amounts: fc.Arbitrary<Amounts>
  readonly waitMs: fc.Arbitrary<number>
}

const wide: Drawn = {
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e f'),
  line: fc.oneof({ weight: 2, arbitrary: rate }, { weight: 3, arbitrary: quota }, { weight: 2, arbitrary: cap }),
  amounts,
  waitMs: fc.constantFrom(1, 9, 999, 30_000, 90_000, 3_690_000, 49 * 3_600_000, -1_000, -6_000),
}
const narrow: Drawn = {
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e f', 'g', 'h'),
  line: fc.oneof({ weight: 3, arbitrary: smallRate }, { weight: 2, arbitrary: smallCap }),
  amounts: fc.constant({ requests: 1, credits: 2, bytes: 0, gpu_ms: 0 }),
  waitMs: fc.constantFrom(1, 9, 200, 500, 999, 4_000, 8_998, 30_000, -100),
}

const stepOf = (drawn: Drawn) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('spend' as const),
        id: drawn.id,
        lines: fc.array(drawn.line, { maxLength: 4 }),
        estimate: drawn.amounts,
        surface,
        touched: fc.subarray([...subjects]),
        leftMs: fc.constantFrom(1_000, 1_000, 1_000, -1),
        cold: fc.constantFrom('ask' as const, 'pass' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('peek' as const),
        lines: fc.array(drawn.line, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('report' as const),
        id: drawn.id,
        state: fc.constantFrom('open' as const, 'final' as const),
        amounts: drawn.amounts,
        refundAfterMs: fc.option(fc.constantFrom(-1, 0, 1), { nil: undefined, freq: 1 }),
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
    { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), id: drawn.id }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: drawn.waitMs,
      }),
    },
  )

export type Step = ReturnType<typeof stepOf> extends fc.Arbitrary<infer S> ? S : never

/** What callers, sweeps and ledgers may ask of a store, in any order. */
export const histories: fc.Arbitrary<Step[]> = fc.oneof(
  fc.array(stepOf(wide), { minLength: 5, maxLength: 30, size: 'max' }),
  fc.array(stepOf(narrow), { minLength: 10, maxLength: 40, size: 'max' }),
)
