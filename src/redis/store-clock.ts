const jumpMs = 5_000

/** The store's clock as seen from here: the local one plus an offset that every timed reply corrects. */
export class StoreClock {
  readonly #localMs: () => number
  #offsetMs = 0
  #lastMs = 0

  constructor(localMs: () => number) {
    this.#localMs = localMs
  }

  nowMs(): number {
    return this.#localMs() + this.#offsetMs
  }

  /**
   * The store's clock showed `storeMs` (whole milliseconds) at some instant since `sentMs` of the local clock. Moves the offset no further
   * than that tells, so a slow reply teaches little and a quick one much. False when the store's clock was set back by over 5 s.
   */
  learn(storeMs: number, sentMs: number): boolean {
    const least = storeMs - this.#localMs()
    const most = storeMs + 1 - sentMs
    this.#offsetMs = Math.min(Math.max(this.#offsetMs, least), Math.max(least, most))
    const isForward = storeMs >= this.#lastMs - jumpMs
    this.#lastMs = isForward ? Math.max(this.#lastMs, storeMs) : storeMs
    return isForward
  }
}
