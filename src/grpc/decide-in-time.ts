import type { Decision } from '../core/verdict.ts'
import type { Call } from './methods.ts'

/** What bounds one decision. */
export interface CheckBounds {
  /** By then the answer is given without it: epoch ms of this machine's clock. Nothing may be taken later. */
  readonly deadlineMs: number
  /** Aborted when nobody waits any more: the caller left, or the deadline passed. */
  readonly signal: AbortSignal
}

export interface Deciding {
  readonly decide: (bounds: CheckBounds) => Promise<Decision>
  readonly call: Call
  readonly nowMs: number
  readonly deadlineMs: number
  /** Called once when `decide` is through, also if that is after the answer. */
  readonly onSettled: () => void
  readonly onUndelivered: (decision: Decision) => void
  readonly onFailed: (error: unknown) => void
}

/** How a decision was reached, or why there is none. */
export type Decided = Decision | 'late' | 'caller_left' | 'failed'

/**
 * Resolves with the decision, or by the deadline without one; never rejects. A decision that settles after that, or after the caller
 * left, goes to `onUndelivered` exactly once.
 */
export function decideInTime(deciding: Deciding): Promise<Decided> {
  const { call, deadlineMs, onSettled, onUndelivered, onFailed } = deciding
  const bounds = new Bounds(deadlineMs)
  return new Promise((resolve) => {
    let isOpen = true
    const close = (decided: Decided): void => {
      if (!isOpen) return
      isOpen = false
      clearTimeout(timer)
      resolve(decided)
    }
    const abandon = (why: 'late' | 'caller_left'): void => {
      if (isOpen) bounds.abort()
      close(why)
    }
    const timer = setTimeout(abandon, Math.max(deadlineMs - deciding.nowMs, 0), 'late')
    call.onLeft(() => abandon('caller_left'))
    decideSafely(deciding, bounds).then(
      (decision) => {
        onSettled()
        if (isOpen) close(decision)
        else onUndelivered(decision)
      },
      (error: unknown) => {
        onSettled()
        onFailed(error)
        close('failed')
      },
    )
  })
}

/** Turns what is thrown before the first await into a rejection too. */
async function decideSafely(deciding: Deciding, bounds: CheckBounds): Promise<Decision> {
  return deciding.decide(bounds)
}

/** Makes its AbortController only when someone asks for the signal: few checks do, and it is dear. */
class Bounds implements CheckBounds {
  readonly deadlineMs: number
  #controller: AbortController | undefined
  #isAborted = false

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isAborted) this.#controller.abort()
    return this.#controller.signal
  }

  abort(): void {
    this.#isAborted = true
    this.#controller?.abort()
  }
}
