import { expect } from 'vitest'
import { counterOf, quotaLine, reportOf, type StoreHarness, seedOf, spendRequest } from './spend-harness.ts'

/** A store with the questions that its suites keep asking. */
export interface StoreFixture {
  readonly harness: StoreHarness
  readonly store: StoreHarness['store']
  /** What the counter of this quota line (alice's hourly credits) says, or `cold`. */
  used(line?: ReturnType<typeof quotaLine>): Promise<number | string>
  /** Seeds the counter of this quota line with 0. */
  warm(line?: ReturnType<typeof quotaLine>): Promise<void>
  /** Spends 1,000 millicredits under this id and answers the report that settles it. */
  taken(id: string): Promise<ReturnType<typeof reportOf>>
}

export function createStoreFixture(harness: StoreHarness): StoreFixture {
  const { store } = harness
  return {
    harness,
    store,
    async used(line = quotaLine({ hits: 0 })) {
      const answer = await store.peek([line])
      const state = answer.kind === 'seen' ? answer.states[0] : undefined
      return state?.kind === 'quota' ? state.used : (state?.kind ?? answer.kind)
    },
    async warm(line = quotaLine()) {
      expect(await store.seed(await seedOf(store, line.subject, [counterOf(line, 0)]))).toBe('seeded')
    },
    async taken(id) {
      const request = spendRequest({ id, lines: [quotaLine({ amount: 10_000_000 })] })
      return reportOf(request, await store.spend(request))
    },
  }
}
