/** What could not be delivered within this time is given up. */
export const deliveryMsMax = 86_400_000

const firstMs = 2_000
const longestMs = 3_600_000
const restFirstMs = 1_000
const restLongestMs = 60_000

/**
 * How long until a delivery is tried again after so many attempts, the one that failed among them: anything up to 2 s after the first, twice
 * that after each further one, at most an hour ("full jitter": deliveries that failed together come back apart). `random` is in [0, 1).
 */
export function retryInMs(attempts: number, random: number): number {
  return jittered(random, Math.min(longestMs, firstMs * 2 ** Math.min(attempts - 1, 30)))
}

/**
 * How long a channel rests that could not be reached so many times in a row: at most a minute, so that it is found soon when it is back, and
 * at least half of what it could be, so that many waiting deliveries do not knock all the time.
 */
export function restMs(failures: number, random: number): number {
  const ceilingMs = Math.min(restLongestMs, restFirstMs * 2 ** Math.min(failures - 1, 30))
  return ceilingMs / 2 + jittered(random, ceilingMs / 2)
}

function jittered(random: number, ceilingMs: number): number {
  return Math.floor(random * ceilingMs)
}
