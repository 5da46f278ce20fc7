/** Tells which failures of a row are worth a line in the log. */
export interface Outage {
  /** One more failure at this time; answers how many there are in a row, if that is to be said now. */
  failed(nowMs: number): number | undefined
  /** A success; answers how many failures it ended, or undefined when there were none. */
  ended(): number | undefined
}

/** Between two lines about one outage. */
const everyMs = 60_000

/** What is tried again and again says so when it first fails, once a minute while it goes on, and when it works again. */
export function createOutage(): Outage {
  let failures = 0
  let saidAtMs = 0
  return {
    failed(nowMs) {
      failures += 1
      const sinceMs = nowMs - saidAtMs
      // A clock that was set back must not silence it.
      if (failures > 1 && sinceMs >= 0 && sinceMs < everyMs) return undefined
      saidAtMs = nowMs
      return failures
    },
    ended() {
      const ended = failures
      failures = 0
      return ended === 0 ? undefined : ended
    },
  }
}
