import type { HitStore } from '../../src/check/hit-ports.ts'
import type {
  HitAnswer,
  HitCounter,
  HitLine,
  HitRequest,
  HitState,
  RateHitLine,
  SlotHitLine,
  WindowHitLine,
} from '../../src/core/hit.ts'
import { startMs } from './spend-harness.ts'

/** A store of hits under test, whose clock the test sets. */
export interface HitHarness {
  readonly hits: HitStore
  setNow(ms: number): Promise<void>
  close(): Promise<void>
}

/** How long the windows of `windowLine` are. */
export const windowMs = 60_000

/** A counter in a partition of its own name's making. */
export function counter(id: string, partition = 7): HitCounter {
  return { id, partition }
}

const base = { descriptor: 0, hits: 1, enforced: true, chargesRefused: false, posture: 'deny' } as const

/** 5 hits in each minute since `startMs`. */
export function windowLine(some: Partial<WindowHitLine> = {}): WindowHitLine {
  const bounds = { startMs, endMs: startMs + windowMs, nextEndMs: startMs + 2 * windowMs }
  return { ...base, kind: 'window', counter: counter('window'), amount: 5, ...bounds, ...some }
}

/** 2 hits a second, at most 4 at once. */
export function rateHitLine(some: Partial<RateHitLine> = {}): RateHitLine {
  return { ...base, kind: 'rate', counter: counter('rate'), amount: 2, periodMs: 1_000, burst: 4, ...some }
}

/** 2 slots of 10 seconds. */
export function slotLine(some: Partial<SlotHitLine> = {}): SlotHitLine {
  return { ...base, kind: 'concurrency', counter: counter('slots'), amount: 2, slotMs: 10_000, ...some }
}

/** The line as of the descriptor at this place. */
export function ofDescriptor<Line extends HitLine>(descriptor: number, line: Line): Line {
  return { ...line, descriptor }
}

/** Asks with plenty of time left. */
export function ask(
  { hits }: Pick<HitHarness, 'hits'>,
  lines: readonly HitLine[],
  more: Partial<HitRequest> = {},
): Promise<HitAnswer> {
  return hits.hit({ lines, counting: 'all_or_nothing', notAfterMs: hits.nowMs() + 60_000, ...more })
}

/** The states of an answer that counted. */
export async function statesOf(asked: Promise<HitAnswer>): Promise<readonly HitState[]> {
  const answer = await asked
  if (answer.kind !== 'counted') throw new Error(`Was not counted but ${answer.kind}`)
  return answer.states
}
