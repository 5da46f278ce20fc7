import type { HitLine } from '../../core/hit.ts'

/** A window up to so long is a rate in all but name. */
const rateLikeMsMax = 3_600_000

/**
 * A line's share for one of `processes`: amount and burst divided, so that all together hold the limit while no store adds them up. A rate, a
 * window of at most an hour and slots keep at least 1 where the limit has any, else one process would let nothing pass; longer windows are
 * divided strictly.
 */
export function shareOfHits(line: HitLine, processes: number): HitLine {
  const part = (amount: number, least: number): number =>
    Math.max(Math.min(amount, least), Math.floor(amount / processes))
  switch (line.kind) {
    case 'window':
      return { ...line, amount: part(line.amount, line.endMs - line.startMs <= rateLikeMsMax ? 1 : 0) }
    case 'concurrency':
      return { ...line, amount: part(line.amount, 1) }
    case 'rate': {
      const least = line.hits <= line.burst ? Math.max(1, line.hits) : 1
      return { ...line, amount: part(line.amount, 1), burst: part(line.burst, least) }
    }
  }
}
