import type { SpendStore } from './ports.ts'
import type { SlotQueue } from './slot-queue.ts'

/** The store, whose final reports and releases wake those who wait for the slot that they free. */
export function tellReleases(store: SpendStore, slots: SlotQueue): SpendStore {
  return {
    spend: (request) => store.spend(request),
    peek: (lines) => store.peek(lines),
    seed: (seed) => store.seed(seed),
    expire: (sweep) => store.expire(sweep),
    nowMs: () => store.nowMs(),
    async report(report) {
      const answer = await store.report(report)
      if (report.state === 'final') slots.released(report.subjects)
      return answer
    },
    async release(reservation) {
      const freed = await store.release(reservation)
      slots.released(freed)
      return freed
    },
  }
}
