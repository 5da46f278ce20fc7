import type { Condition } from './watch.ts'
import type { WatchStore } from './watch-ports.ts'

const countMax = 100

/** Open requests for a time that is over expire, and what was asked or decided by plain SQL is told as if a use case had done it. */
export function requestsTold(store: Pick<WatchStore, 'expireRequests' | 'tellRequests'>): Condition {
  return {
    name: 'requests',
    everyMs: 10_000,
    async look() {
      const done = [await store.expireRequests(countMax), await store.tellRequests(countMax)]
      return { hasMore: done.includes(countMax) }
    },
  }
}
