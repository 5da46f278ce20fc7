import type { RateLine } from '../../src/core/limit.ts'
import { subjectName } from '../../src/core/subject.ts'

interface Taken {
  readonly id: string
  readonly at: number
  readonly hits: number
}

interface Counted {
  /** What the bound is computed from: taken anew when it changes. */
  readonly of: string
  readonly taken: Taken[]
}

/**
 * The bound of a rate, from its definition and not from a debt: in any span of time at most `burst`, what refilled in it, and what was taken
 * ahead by pacing. Begins anew with each epoch and with each change of the limit.
 */
export class RateBound {
  readonly #counted = new Map<string, Counted>()

  /** Hits by which some span that ends at `at` is over; 0 or less: none is. `isGivenBack`: a paced caller who left got its hits back. */
  over(
    line: RateLine,
    spend: { readonly id: string; readonly at: number; readonly epoch: string },
    isGivenBack: (id: string) => boolean,
  ): number {
    const { amount, periodMs, burst, paceMsMax, hits } = line
    const { taken } = this.#of(line, spend.epoch)
    taken.push({ id: spend.id, at: spend.at, hits })
    let most = Number.NEGATIVE_INFINITY
    let sum = 0
    for (const earlier of taken.toReversed()) {
      if (!isGivenBack(earlier.id)) sum += earlier.hits
      most = Math.max(most, sum - burst - ((spend.at - earlier.at + paceMsMax) * amount) / periodMs)
    }
    return most
  }

  #of(line: RateLine, epoch: string): Counted {
    const key = `${subjectName(line.subject)} ${line.limit}`
    const of = [epoch, line.amount, line.periodMs, line.burst].join(' ')
    let counted = this.#counted.get(key)
    if (counted?.of !== of) {
      counted = { of, taken: [] }
      this.#counted.set(key, counted)
    }
    return counted
  }
}
