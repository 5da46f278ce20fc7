/** How the last request for one file by one caller ended. */
export interface Download {
  /** The reservation. */
  readonly id: string
  /** The store's time of its spend, epoch ms. */
  readonly at: number
  readonly endedAtMs: number
  /**
   * `broken`: it broke off, so a repeat from the first byte goes on with it. `part`: a range that came whole, which a later range goes on with.
   * `whole`: nothing is left to go on with.
   */
  readonly end: 'broken' | 'part' | 'whole'
  /** The first byte that is still to be had: what a part that came whole ended before. */
  readonly nextByte: number
  /** How many requests before this one it went on with. */
  readonly before: number
}

/** A request that may go on with a download. */
export interface Continuation {
  readonly id: string
  readonly at: number
  /** First byte asked for. */
  readonly firstByte: number
}

/** Longer after its end nothing goes on with a download: what comes then is a new one. */
export const continuedMsMax = 10 * 60_000
/** A download in more pieces than this pays its base price again, so that nobody fetches for ever on one (measured: pip tries 6 times, uv 6). */
const piecesMax = 8
/** Times are those of two machines, and of a caller who asks again before Envoy has logged. */
const slackMs = 250

/**
 * Whether a request goes on with a download that its base price was paid for (measured: pip resumes by a range, uv begins again from the first
 * byte). Bytes are paid for whenever they are sent.
 */
export function continues(download: Download | undefined, request: Continuation): boolean {
  if (download === undefined || download.end === 'whole' || download.id === request.id || download.before >= piecesMax)
    return false
  const sinceMs = request.at - download.endedAtMs
  if (sinceMs < -slackMs || sinceMs > continuedMsMax || request.at < download.at) return false
  // After a part that came whole only the bytes behind it go on; the same ones once more are another download.
  return download.end === 'broken' || (request.firstByte > 0 && request.firstByte >= download.nextByte)
}

/** One caller's downloads of one file: by token, or by address where there is none. */
export function downloadKey(of: {
  readonly token: string
  readonly address: string
  readonly upstream: string
  readonly path: string
}): string {
  return [of.token === '' ? of.address : of.token, of.upstream, of.path].join(' ')
}
