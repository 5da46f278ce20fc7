import type { Observer } from '../telemetry/observer.ts'

/** Places for requests that may be kept waiting: so many per account, so many in all. */
export interface Seats {
  /** A place, or undefined when there is none: then the request is answered at once. Disposing of it gives it back, once. */
  take(account: string): Disposable | undefined
}

/**
 * A seat is taken before the spend, because a store that has taken a paced request cannot be told that nobody may wait for it; most are given
 * back a moment later.
 */
export function createSeats(given: {
  readonly perAccountMax: number
  readonly processMax: number
  readonly observer: Observer
}): Seats {
  const { perAccountMax, processMax, observer } = given
  const taken = new Map<string, number>()
  let total = 0
  const refuse = (bound: 'account' | 'process'): undefined => {
    observer.count('holds_refused_total', { bound })
  }
  const giveBack = (account: string): void => {
    const left = (taken.get(account) ?? 1) - 1
    total -= 1
    if (left === 0) taken.delete(account)
    else taken.set(account, left)
  }
  return {
    take(account) {
      const mine = taken.get(account) ?? 0
      if (total >= processMax) return refuse('process')
      if (mine >= perAccountMax) return refuse('account')
      taken.set(account, mine + 1)
      total += 1
      let isTaken = true
      return {
        [Symbol.dispose]() {
          if (isTaken) giveBack(account)
          isTaken = false
        },
      }
    },
  }
}
