import fc from 'fast-check'
import type { HitLine, HitRequest } from '../../src/core/hit.ts'
import { counter, rateHitLine, slotLine, windowLine, windowMs } from './hit-harness.ts'

/** A line as drawn: its window is how many windows `behind` the clock it is asked by. */
interface DrawnLine {
  readonly line: HitLine
  readonly behind: number
}

export type HitStep =
  /** Forward, or back by less than what stores keep. */
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'hit'
      readonly lines: readonly DrawnLine[]
      readonly counting: HitRequest['counting']
      readonly slotId: string | undefined
      readonly leftMs: number
    }
  | { readonly do: 'release'; readonly slotId: string }

const most = Number.MAX_SAFE_INTEGER
const few = fc.integer({ min: 1, max: 4 })
const hits = fc.oneof(
  { weight: 6, arbitrary: few },
  { weight: 2, arbitrary: fc.constantFrom(0, -1, -3) },
  { weight: 2, arbitrary: fc.constantFrom(most, most - 1, -most, 2 ** 52, 2 ** 52 - 1, 2 ** 52 + 1) },
)
const amount = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 2, arbitrary: fc.constantFrom(2 ** 52, 2 ** 52 - 1) },
)
const how = {
  hits,
  enforced: fc.boolean(),
  chargesRefused: fc.constantFrom(false, false, true),
  descriptor: fc.nat({ max: 2 }),
}

const windows = fc
  .record({ ...how, amount, counter: fc.constantFrom(counter('a', 7), counter('b', 7), counter('c', 200)) })
  .map((some): HitLine => windowLine(some))

/** One period per counter, as the ids of counters have it; burst × period up to 2^52. */
const rates = fc
  .record({
    ...how,
    amount: fc.constantFrom(1, 2, 7, 2 ** 40),
    of: fc.constantFrom(['r', 1_000, 7] as const, ['s', 3_600_000, 90] as const),
    most: fc.boolean(),
    few,
  })
  .map(({ of: [id, periodMs, partition], most: isMost, few: small, ...some }): HitLine => {
    const burst = isMost ? Math.floor(2 ** 52 / periodMs) : small
    return rateHitLine({ ...some, periodMs, burst, counter: counter(id, partition) })
  })

const slots = fc
  .record({
    ...how,
    amount: fc.nat({ max: 3 }),
    slotMs: fc.constantFrom(1_000, 20_000),
    counter: fc.constantFrom(counter('t', 7), counter('u', 33)),
  })
  .map((some): HitLine => slotLine(some))

const line = fc.oneof(
  { weight: 4, arbitrary: windows },
  { weight: 2, arbitrary: rates },
  { weight: 2, arbitrary: slots },
)
const drawnLine = fc.record({ line, behind: fc.constantFrom(0, 0, 0, 1, 1, 2, -1) })
const lines = fc
  .array(drawnLine, { minLength: 1, maxLength: 12 })
  .map((some) => some.toSorted((left, right) => left.line.descriptor - right.line.descriptor))
const slotId = fc.constantFrom('x', 'y', 'z', undefined)

const step: fc.Arbitrary<HitStep> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.constantFrom(windowMs, 200_000, 999)),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('hit' as const),
      lines,
      counting: fc.constantFrom('all_or_nothing' as const, 'each' as const),
      slotId,
      leftMs: fc.constantFrom(60_000, 60_000, 60_000, -1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), slotId: fc.constantFrom('x', 'y') }) },
)

/** What may happen to a store of hits, with the largest values that may be drawn. */
export const hitHistories = fc.array(step, { minLength: 1, maxLength: 25 })

/** The line as it is asked at this time. */
export function lineAt({ line: drawn, behind }: DrawnLine, nowMs: number): HitLine {
  if (drawn.kind !== 'window') return drawn
  // A request that is behind by one finds its second window running; further off, neither.
  const startMs = nowMs - (nowMs % windowMs) - behind * windowMs
  return { ...drawn, startMs, endMs: startMs + windowMs, nextEndMs: startMs + 2 * windowMs }
}

/** Every counter of the histories, looked at. */
export const everyCounter: readonly DrawnLine[] = [
  ...['a', 'b'].map((id) => windowLine({ counter: counter(id, 7), hits: 0 })),
  windowLine({ counter: counter('c', 200), hits: 0 }),
  rateHitLine({ counter: counter('r', 7), hits: 0 }),
  rateHitLine({ counter: counter('s', 90), periodMs: 3_600_000, hits: 0 }),
  slotLine({ counter: counter('t', 7), hits: 0 }),
  slotLine({ counter: counter('u', 33), hits: 0 }),
].map((looked) => ({ line: looked, behind: 0 }))
