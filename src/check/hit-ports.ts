import type { HitAnswer, HitCounter, HitRequest } from '../core/hit.ts'

/**
 * Counters of descriptors. An implementation MUST
 * - take the lines of one call in one atomic step, by its own clock (`core/hit-decision.ts` is the specification); where its partitions
 *   cannot be taken in one step, one after the other, giving back what it took when a later one refuses: never over, briefly under;
 * - be exact to 2^53, never below 0, and never let a hit outlive its window, or a slot its time;
 * - begin at nothing used where it has no counter, also after it lost its data;
 * - throw a `Fault` of code `store_unavailable` when it cannot say what happened, by `notAfterMs` at the latest.
 */
export interface HitStore {
  /** `onLate`: called with the answer when it arrives after the fault was thrown. */
  hit(request: HitRequest, options?: { readonly onLate?: (answer: HitAnswer) => void }): Promise<HitAnswer>
  /** Frees the slots that `slotId` holds under these counters; those it does not hold are left alone. */
  release(slots: { readonly counters: readonly HitCounter[]; readonly slotId: string }): Promise<void>
  /** The store's clock as best known here. */
  nowMs(): number
}
