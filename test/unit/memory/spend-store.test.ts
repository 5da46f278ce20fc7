import { describe, expect, it } from 'vitest'
import { createMemorySpendStore } from '../../../src/memory/spend-store.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { drained, reportOf, spendRequest, startMs } from '../../support/spend-harness.ts'

interface Counted {
  readonly metric: string
  readonly by: number | undefined
}

function createStore(chargesMax: number): { store: ReturnType<typeof createMemorySpendStore>; counted: Counted[] } {
  const counted: Counted[] = []
  const observer = {
    ...silentObserver,
    count: (metric: string, _: unknown, by?: number) => void counted.push({ metric, by }),
  }
  return {
    store: createMemorySpendStore({ nowMs: () => startMs, randomText: () => 'e', observer, chargesMax }),
    counted,
  }
}

async function finish(store: ReturnType<typeof createMemorySpendStore>, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const request = spendRequest({ id: `${performance.now()}-${index}` })
    await store.report(reportOf(request, await store.spend(request)))
  }
}

describe('createMemorySpendStore()', () => {
  it('keeps no more charges than allowed, and counts those that nobody had read', async () => {
    const { store, counted } = createStore(2_000)
    await finish(store, 2_001)
    expect(counted).toEqual([{ metric: 'charges_lost_total', by: 1_000 }])
    const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 5_000 })
    expect(entries).toHaveLength(1_001)
  })

  it('forgets charges that were read without a word', async () => {
    const { store, counted } = createStore(2_000)
    await finish(store, 1_500)
    const checkpoint = await drained(store, 7)
    await store.waiting([checkpoint])
    await finish(store, 501)
    expect(counted).toEqual([])
    expect(
      await store.seed({ subject: { kind: 'account', id: 'alice', partition: 7 }, checkpoint, counters: [] }),
    ).toBe('seeded')
  })
})
