import { createMemorySpendStore } from '../../src/memory/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { type StoreHarness, startMs } from '../support/spend-harness.ts'
import { chargeStreamSuite } from './charge-stream.suite.ts'
import { spendStoreSuite } from './spend-store.suite.ts'

async function createHarness(): Promise<StoreHarness> {
  let nowMs = startMs
  const store = createMemorySpendStore({
    nowMs: () => nowMs,
    randomText: () => crypto.randomUUID(),
    observer: silentObserver,
  })
  return {
    store,
    async setNow(ms) {
      nowMs = ms
    },
    async close() {},
  }
}

spendStoreSuite('in process', createHarness)
chargeStreamSuite('in process', createHarness)
