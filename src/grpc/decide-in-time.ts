import type { Decision } from '../core/verdict.ts'
import type { HoldEnd, Holds } from './holds.ts'
import type { Call } from './methods.ts'

/** What bounds one decision. */
export interface CheckBounds {
  /** By then the answer is given without it: epoch ms of this machine's clock. Nothing may be taken later. */
  readonly deadlineMs: number
  /** The latest instant up to which a hold reaches the caller, epoch ms of this machine's clock. */
  readonly heldUntilMsMax: number
  /** Aborted when nobody waits any more: the caller left, or the deadline passed. */
  readonly signal: AbortSignal
  /**
   * Keeps the caller waiting until then, or until `sooner` settles; meanwhile the deadline rests. Answers the new deadline, or undefined when
   * nobody waits any more. Never rejects.
   */
  hold(hold: { readonly untilMs: number; readonly sooner?: Promise<unknown> }): Promise<number | undefined>
}

export interface Deciding {
  readonly decide: (bounds: CheckBounds) => Promise<Decision>
  readonly call: Call
  readonly holds: Holds
  readonly nowMs: () => number
  /** The deadline of what is decided from `nowMs` on; `isHeadSent`: the caller knows already that it is heard. */
  readonly deadlineAfter: (nowMs: number, isHeadSent: boolean) => number
  /** Called with true when the caller is held from now on, with false when it is decided again. */
  readonly onHeld: (isHeld: boolean) => void
  /** Called once when `decide` is through, also if that is after the answer. */
  readonly onSettled: () => void
  readonly onUndelivered: (decision: Decision) => void
  readonly onFailed: (error: unknown) => void
}

/** How a decision was reached, or why there is none. */
export type Decided = Decision | 'late' | 'caller_left' | 'failed'

/** What an answer needs from the end of a hold to the caller. */
const holdMarginMs = 50

/**
 * Resolves with the decision, or by the deadline without one; never rejects. A decision that settles after that, or after the caller
 * left, goes to `onUndelivered` exactly once.
 */
export function decideInTime(deciding: Deciding): Promise<Decided> {
  const { call, onSettled, onUndelivered, onFailed } = deciding
  return new Promise((resolve) => {
    const bounds = new Bounds(deciding, resolve)
    call.onLeft(() => bounds.close('caller_left'))
    decideSafely(deciding, bounds).then(
      (decision) => {
        onSettled()
        if (!bounds.close(decision)) onUndelivered(decision)
      },
      (error: unknown) => {
        onSettled()
        onFailed(error)
        bounds.close('failed')
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
  deadlineMs: number
  readonly heldUntilMsMax: number
  readonly #deciding: Deciding
  readonly #resolve: (decided: Decided) => void
  #timer: NodeJS.Timeout | undefined
  #leave: (() => void) | undefined
  #isOpen = true
  #controller: AbortController | undefined
  #isAborted = false

  constructor(deciding: Deciding, resolve: (decided: Decided) => void) {
    this.#deciding = deciding
    this.#resolve = resolve
    this.heldUntilMsMax = deciding.call.deadlineMs - holdMarginMs
    this.deadlineMs = this.#arm(false)
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isAborted) this.#controller.abort()
    return this.#controller.signal
  }

  async hold({ untilMs, sooner }: Parameters<CheckBounds['hold']>[0]): Promise<number | undefined> {
    if (!this.#isOpen) return undefined
    const { call, onHeld } = this.#deciding
    clearTimeout(this.#timer)
    call.startAnswer()
    onHeld(true)
    await this.#wait(Math.min(untilMs, this.heldUntilMsMax), sooner)
    onHeld(false)
    if (!this.#isOpen) return undefined
    this.deadlineMs = this.#arm(true)
    return this.deadlineMs
  }

  /** False when there is a decision already. */
  close(decided: Decided): boolean {
    if (!this.#isOpen) return false
    this.#isOpen = false
    clearTimeout(this.#timer)
    if (decided === 'late' || decided === 'caller_left') {
      this.#isAborted = true
      this.#controller?.abort()
    }
    this.#leave?.()
    this.#resolve(decided)
    return true
  }

  #wait(untilMs: number, sooner: Promise<unknown> | undefined): Promise<HoldEnd> {
    const { holds, nowMs } = this.#deciding
    const onLeave = (leave: () => void): void => {
      this.#leave = leave
    }
    return holds.wait({ forMs: untilMs - nowMs(), onLeave, ...(sooner && { sooner }) })
  }

  #arm(isHeadSent: boolean): number {
    const nowMs = this.#deciding.nowMs()
    const deadlineMs = this.#deciding.deadlineAfter(nowMs, isHeadSent)
    this.#timer = setTimeout(() => this.close('late'), Math.max(deadlineMs - nowMs, 0))
    return deadlineMs
  }
}
