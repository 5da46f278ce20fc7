import type { HitAnswer, HitLine } from '../../core/hit.ts'
import type { HitStore } from '../hit-ports.ts'
import type { HitCall } from './count-on.ts'
import type { CallLines } from './hit-lines.ts'

const patienceMs = 1_000

/** One call that the store may answer after it was given up. */
export interface LateHits {
  /** The store's answer is here after all. */
  arrived(lines: CallLines, answer: HitAnswer): void
  /** Which descriptors were refused without it. */
  decided(refused: ReadonlySet<number>): void
}

/**
 * Gives back what a call took in the store although it was refused because the store seemed away. Best effort: what cannot be given back at
 * once stays counted until its window ends. A call that passed keeps what it took.
 */
export function createLateHits(hits: HitStore, call: HitCall): LateHits {
  let late: { readonly lines: readonly HitLine[]; readonly answer: HitAnswer } | undefined
  let refused: ReadonlySet<number> | undefined
  const settle = (): void => {
    if (late === undefined || refused === undefined || late.answer.kind !== 'counted') return
    const { states } = late.answer
    const limits = late.lines.map((line, index) => ({ line, isTaken: states[index]?.taken === true }))
    giveBackRefused(limits, refused, { ...call, hits })
  }
  return {
    arrived({ lines }, answer) {
      late = { lines, answer }
      settle()
    },
    decided(told) {
      refused = told
      settle()
    },
  }
}

/** Gives back what was taken under refused descriptors: of the whole call where it is all or nothing. Best effort. */
export function giveBackRefused(
  limits: readonly { readonly line: HitLine; readonly isTaken: boolean }[],
  refused: ReadonlySet<number>,
  call: Pick<HitCall, 'counting' | 'slotId'> & { readonly hits: HitStore },
): void {
  const isRefused = (line: HitLine): boolean =>
    call.counting === 'all_or_nothing' ? refused.size > 0 : refused.has(line.descriptor)
  const nowMs = call.hits.nowMs()
  const taken = limits.filter(({ line, isTaken }) => isTaken && isRefused(line) && isToGiveBack(line, nowMs))
  giveBack(
    taken.map(({ line }) => line),
    call,
  )
}

/** What is taken though refused stays taken, and so does what only tells. A window that is over takes its hits with it. */
function isToGiveBack(line: HitLine, nowMs: number): boolean {
  if (line.hits <= 0 || !line.enforced || line.chargesRefused) return false
  return line.kind !== 'window' || nowMs < line.endMs
}

function giveBack(
  taken: readonly HitLine[],
  { hits, slotId }: Pick<HitCall, 'slotId'> & { readonly hits: HitStore },
): void {
  const counters = taken.flatMap(({ kind, counter }) => (kind === 'concurrency' ? [counter] : []))
  const lines = taken.flatMap((line) => (line.kind === 'concurrency' ? [] : [negated(line)]))
  const asked: Promise<unknown>[] = []
  if (lines.length > 0) asked.push(hits.hit({ lines, counting: 'each', notAfterMs: hits.nowMs() + patienceMs }))
  if (counters.length > 0 && slotId !== undefined) asked.push(hits.release({ counters, slotId }))
  Promise.allSettled(asked).catch(() => undefined)
}

/** Into no later window: what others have there is not ours to give. */
function negated(line: HitLine): HitLine {
  const back = { ...line, hits: -line.hits, enforced: false }
  return back.kind === 'window' ? { ...back, nextEndMs: back.endMs } : back
}
