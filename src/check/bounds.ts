/** What bounds one decision. Every time is epoch ms of this machine's clock. */
export interface Bounds {
  /** By then the answer is given without it. Nothing may be taken later. */
  readonly deadlineMs: number
  /** The latest instant up to which a hold reaches the caller. */
  readonly heldUntilMsMax: number
  /**
   * Keeps the caller waiting until then, or until `sooner` settles; meanwhile the deadline rests. Answers the new deadline, or undefined when
   * nobody waits any more. Never rejects.
   */
  hold(hold: { readonly untilMs: number; readonly sooner?: Promise<unknown> }): Promise<number | undefined>
}
