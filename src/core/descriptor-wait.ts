/** What a limit of descriptors is, as far as its wait goes. */
type LimitKind = 'window' | 'rate' | 'concurrency'

/** Clients wait as long as they are told, and most of them silently. */
const secondsMax = 30
/** When a request under way will end is not known: so long as Check says (answer-table.ts). */
const soonMs = 1_000

/** Until a refused call may pass, as it is told: of slots soon, however long the last may be held. `never`: no wait helps. */
export function toldWaitMs(kind: LimitKind, retryAfterMs: number | 'never'): number | 'never' {
  return kind === 'concurrency' && retryAfterMs !== 'never' ? soonMs : retryAfterMs
}

/**
 * The whole seconds of a Retry-After, rounded up, from 1 to 30. Undefined where it would only keep a client waiting: no wait helps, or a
 * window is over later than that. pip sleeps so long without a word and asks at most five times; without the header it ends with an error
 * that names the URL (both seen with pip 26.3 and 23.2.1).
 */
export function retryAfterSeconds(kind: LimitKind, retryAfterMs: number | 'never'): number | undefined {
  const waitMs = toldWaitMs(kind, retryAfterMs)
  if (waitMs === 'never') return undefined
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000))
  if (seconds <= secondsMax) return seconds
  return kind === 'window' ? undefined : secondsMax
}
