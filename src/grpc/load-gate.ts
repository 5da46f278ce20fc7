/** Why one more Check is refused unread. */
export type Overload = 'in_flight' | 'behind'

/** Says whether one more Check can be answered in time; asked for every Check, so it costs next to nothing. */
export interface LoadGate {
  overload(inFlight: number): Overload | undefined
}

/**
 * Two measures. `in_flight`: more Checks are being decided than may be, as when a store is slow. `behind`: this turn of the event loop has been
 * busy for `turnMsMax` since its first Check, and the turn before was as long; what is read now has waited at least that long and stands
 * behind more. One long turn (a garbage collection, a large policy) refuses nobody, and each turn admits `turnMsMax` of work, so that
 * refusing never crowds out answering.
 *
 * @param afterTurn calls back when everything that this turn has read was begun: `setImmediate`
 */
export function createLoadGate(given: {
  readonly inFlightMax: number
  readonly turnMsMax: number
  readonly nowMs: () => number
  readonly afterTurn: (callback: () => void) => void
}): LoadGate {
  const { inFlightMax, turnMsMax, nowMs, afterTurn } = given
  let startedMs: number | undefined
  let endedMs = Number.NEGATIVE_INFINITY
  let lastMs = 0
  const end = (): void => {
    endedMs = nowMs()
    lastMs = endedMs - (startedMs ?? endedMs)
    startedMs = undefined
  }
  return {
    overload(inFlight) {
      const now = nowMs()
      if (startedMs === undefined) {
        // A loop that idled since then has caught up.
        if (now - endedMs > turnMsMax) lastMs = 0
        startedMs = now
        afterTurn(end)
      }
      if (inFlight >= inFlightMax) return 'in_flight'
      return lastMs > turnMsMax && now - startedMs > turnMsMax ? 'behind' : undefined
    },
  }
}
