import type { HitAnswer, HitLine, HitRequest, HitState } from './hit.ts'
import { type HeldHits, heldAfter, hitStateOf, hitWaitMs, type Looker, windowStartOf } from './hit-look.ts'

/** A call, or the part of one that lies in some partitions. */
export interface HitPart extends HitRequest {
  /** Another part of an `all_or_nothing` call was refused: only what is taken all the same is. */
  readonly isRefused?: true
}

/** What a call comes to. */
export interface HitDecision {
  readonly at: number
  readonly states: readonly HitState[]
  /** What each line's counter held before it, and what it holds then, aligned with the lines. The last line of a counter counts. */
  readonly before: readonly HeldHits[]
  readonly after: readonly HeldHits[]
}

/** What can be answered without a look at any counter: too late, or the lines' windows do not hold the store's now. */
export function answerUnseen(request: HitRequest, nowMs: number): HitAnswer | undefined {
  if (nowMs > request.notAfterMs) return { kind: 'late', at: nowMs }
  for (const line of request.lines) {
    if (line.kind === 'window' && windowStartOf(line, nowMs) === undefined) return { kind: 'stale-windows', at: nowMs }
  }
  return undefined
}

/**
 * The specification of `hit`, for a call that `answerUnseen` lets through. `held`: what each line's counter held before the call, of windows in
 * the one that holds `nowMs`. Every store decides as this does. Hits are inside or over by what all lines before them would come to; where
 * the call is refused, the figures are of what was taken all the same.
 */
export function decideHits(part: HitPart, nowMs: number, held: readonly HeldHits[]): HitDecision {
  const { lines, slotId } = part
  const looker: Looker = slotId === undefined ? { nowMs } : { nowMs, slotId }
  const deciding: Deciding = {
    lines,
    looker,
    held,
    earlier: earlierOnCounter(lines),
    states: [],
    before: [],
    after: [],
  }
  const isEach = part.counting === 'each'
  for (let from = 0; from < lines.length; ) {
    const to = isEach ? endOfDescriptor(lines, from) : lines.length
    decideGroup(deciding, { from, to, isRefused: part.isRefused === true })
    from = to
  }
  return { at: nowMs, states: deciding.states, before: deciding.before, after: deciding.after }
}

interface Deciding {
  readonly lines: readonly HitLine[]
  readonly looker: Looker
  readonly held: readonly HeldHits[]
  /** The line before it on the same counter, −1 where there is none. */
  readonly earlier: readonly number[]
  readonly states: HitState[]
  readonly before: HeldHits[]
  readonly after: HeldHits[]
}

interface Group {
  readonly from: number
  readonly to: number
  readonly isRefused: boolean
}

/** All lines of the group, or those that are taken whatever comes. */
function decideGroup(deciding: Deciding, { from, to, isRefused: wasRefused }: Group): void {
  const { lines, looker, after } = deciding
  const waits: (number | 'never')[] = []
  let isRefused = wasRefused
  for (let index = from; index < to; index += 1) {
    const line = lines[index]
    if (line === undefined) continue
    const before = heldBefore(deciding, index)
    const wait = hitWaitMs(line, before, looker)
    waits.push(wait)
    after[index] = heldAfter(line, before, looker)
    if (wait !== 0 && line.enforced) isRefused = true
  }
  for (let index = from; index < to; index += 1) {
    const line = lines[index]
    if (line !== undefined) settle(deciding, index, { isRefused, retryAfterMs: waits[index - from] ?? 0 })
  }
}

function settle(
  deciding: Deciding,
  index: number,
  { isRefused, retryAfterMs }: { readonly isRefused: boolean; readonly retryAfterMs: number | 'never' },
): void {
  const { lines, looker, after, states } = deciding
  const line = lines[index]
  if (line === undefined) return
  const before = heldBefore(deciding, index)
  const taken = takesAnything(line, looker) && (!isRefused || !line.enforced || line.chargesRefused)
  const now = taken ? heldAfter(line, before, looker) : before
  deciding.before[index] = before
  after[index] = now
  states.push(hitStateOf(line, { before, after: now }, { retryAfterMs, taken, nowMs: looker.nowMs }))
}

function takesAnything(line: HitLine, { slotId }: Looker): boolean {
  return line.hits !== 0 && (line.kind !== 'concurrency' || slotId !== undefined)
}

function heldBefore({ held, earlier, after }: Deciding, index: number): HeldHits {
  const same = earlier[index] ?? -1
  const own = held[index] ?? 0
  const left = same < 0 ? own : (after[same] ?? own)
  // When there is room is each line's own matter.
  return typeof left === 'number' || typeof own === 'number' ? left : { ...left, roomAtMs: own.roomAtMs }
}

function endOfDescriptor(lines: readonly HitLine[], from: number): number {
  let to = from + 1
  while (to < lines.length && lines[to]?.descriptor === lines[from]?.descriptor) to += 1
  return to
}

/** Up to so many lines are compared with each other, since that costs less than a map. */
const fewLines = 8

function earlierOnCounter(lines: readonly HitLine[]): readonly number[] {
  if (lines.length <= fewLines) {
    return lines.map((line, index) => lines.findLastIndex((other, place) => place < index && isSame(other, line)))
  }
  const last = new Map<string, number>()
  return lines.map((line, index) => {
    const earlier = last.get(line.counter.id) ?? -1
    last.set(line.counter.id, index)
    return earlier
  })
}

function isSame(left: HitLine, right: HitLine): boolean {
  return left.counter.id === right.counter.id
}
