import { describe, expect, it } from 'vitest'
import type { Subject } from '../../../src/core/subject.ts'
import { createMemorySpendStore } from '../../../src/memory/spend-store.ts'
import type { MemorySpendStoreOptions } from '../../../src/memory/spend-store-options.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import {
  alice,
  counterOf,
  drained,
  quotaLine,
  rateLine,
  reportOf,
  seedOf,
  spendRequest,
  startMs,
} from '../../support/spend-harness.ts'

interface Counted {
  readonly metric: string
  readonly by: number | undefined
}

function createStore(bounds: Partial<Pick<MemorySpendStoreOptions, 'chargesMax' | 'recordsMax' | 'subjectsMax'>>): {
  store: ReturnType<typeof createMemorySpendStore>
  counted: Counted[]
} {
  const counted: Counted[] = []
  const observer = {
    ...silentObserver,
    count: (metric: string, _: unknown, by?: number) => void counted.push({ metric, by }),
  }
  return {
    store: createMemorySpendStore({ nowMs: () => startMs, randomText: () => 'e', observer, ...bounds }),
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
    const { store, counted } = createStore({ chargesMax: 2_000 })
    const report = reportOf(spendRequest({ id: 'x' }), await store.spend(spendRequest({ id: 'x' })))
    for (let index = 0; index < 2_001; index += 1) await store.report({ ...report, id: `unknown-${index}` })
    expect(counted).toEqual([{ metric: 'charges_lost_total', by: 1_000 }])
    const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 5_000 })
    expect(entries).toHaveLength(1_001)
  })

  it('takes no spend while three quarters of the charges it may keep wait for the ledger', async () => {
    const { store, counted } = createStore({ chargesMax: 2_000 })
    await finish(store, 1_500)
    await expect(store.spend(spendRequest({ id: 'late' }))).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(counted).toEqual([{ metric: 'store_full_total', by: undefined }])
    await store.waiting([await drained(store, 7)])
    expect(await store.spend(spendRequest({ id: 'late' }))).toMatchObject({ kind: 'taken' })
  })

  it('forgets charges that were read without a word', async () => {
    const { store, counted } = createStore({ chargesMax: 2_000 })
    await finish(store, 1_500)
    const checkpoint = await drained(store, 7)
    await store.waiting([checkpoint])
    await finish(store, 501)
    expect(counted).toEqual([])
    expect(
      await store.seed({ subject: { kind: 'account', id: 'alice', partition: 7 }, checkpoint, counters: [] }),
    ).toBe('seeded')
  })

  it('forgets settled reservations early to make room, and takes no spend when all are open', async () => {
    const { store, counted } = createStore({ recordsMax: 10 })
    await finish(store, 25)
    expect(counted).toEqual([])
    const open = (id: string) => store.spend(spendRequest({ id, lines: [rateLine({ burst: 100 })] }))
    for (let index = 0; index < 10; index += 1) expect(await open(`open-${index}`)).toMatchObject({ kind: 'taken' })
    await expect(open('one more')).rejects.toMatchObject({ code: 'store_unavailable', uncertain: false })
    expect(counted).toEqual([{ metric: 'store_full_total', by: undefined }])
    expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 10_000 }] })
    expect(await open('open-3')).toMatchObject({ kind: 'taken' })
    const known = spendRequest({ id: 'open-3' })
    expect(await store.report(reportOf(known, await open('open-3')))).toBe('booked')
    expect(await open('one more')).toMatchObject({ kind: 'taken' })
  })

  it('serves the subjects it knows when it is full of them, and no new one', async () => {
    const { store, counted } = createStore({ subjectsMax: 2 })
    const spend = (account: string, lines = 1) => {
      const subject: Subject = { kind: 'account', id: account, partition: 7 }
      const line = rateLine({ subject, burst: 100 })
      return store.spend(
        spendRequest({ id: crypto.randomUUID(), lines: lines === 0 ? [] : [line], subjects: [subject] }),
      )
    }
    await spend('a')
    await spend('b')
    await expect(spend('c')).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(counted).toEqual([{ metric: 'store_full_total', by: undefined }])
    expect(await spend('a')).toMatchObject({ kind: 'taken' })
    expect(await spend('c', 0)).toMatchObject({ kind: 'taken' })
    const counter = counterOf(quotaLine(), 0)
    await expect(store.seed(await seedOf(store, alice, [counter]))).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
