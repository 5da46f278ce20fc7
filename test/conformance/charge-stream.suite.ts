import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  address,
  alice,
  amounts,
  drained,
  meta,
  rateLine,
  reportOf,
  research,
  type StoreHarness,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'

/** What `ChargeStream` promises, whatever it is made of. */
export function chargeStreamSuite(name: string, createHarness: () => Promise<StoreHarness>): void {
  describe(`charge stream ${name}`, () => {
    let harness: StoreHarness
    let store: StoreHarness['store']

    beforeEach(async () => {
      harness = await createHarness()
      store = harness.store
    })
    afterEach(() => harness.close())

    const finish = async (id: string, subjects = [alice, research]): Promise<void> => {
      const request = spendRequest({ id, lines: [rateLine({ burst: 100 })], subjects })
      const final = { amounts: amounts({ requests: 1, credits: 20, bytes: 30 }) }
      expect(await store.report(reportOf(request, await store.spend(request), final))).toBe('booked')
    }

    it('charges() tells in order what was appended, whole', async () => {
      await finish('a')
      await finish('b')
      const batch = await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
      expect(batch.entries.map((entry) => entry.id)).toEqual(['a', 'b'])
      expect(batch.position).toBe(batch.entries.at(-1)?.position)
      expect(batch.entries[0]).toEqual({
        position: batch.entries[0]?.position,
        epoch: batch.epoch,
        partition: 7,
        id: 'a',
        at: startMs,
        state: 'final',
        amounts: amounts({ requests: 1, credits: 20, bytes: 30 }),
        difference: amounts({ requests: 1, credits: 20, bytes: 30 }),
        subjects: [alice, research],
        surface: 'pypi',
        home: 7,
        meta,
        outcome: 'delivered',
        unsettled: false,
        onlyIfBooked: false,
      })
    })

    it('charges() goes on after a checkpoint, and from the start for one of another epoch', async () => {
      for (const id of ['a', 'b', 'c']) await finish(id)
      const first = await store.charges({ partition: 7, checkpoint: undefined, countMax: 2 })
      const checkpoint = { partition: 7, epoch: first.epoch, position: first.position }
      const second = await store.charges({ partition: 7, checkpoint, countMax: 2 })
      expect(second.entries.map((entry) => entry.id)).toEqual(['c'])
      const end = await store.charges({
        partition: 7,
        checkpoint: { ...checkpoint, position: second.position },
        countMax: 2,
      })
      expect(end).toMatchObject({ entries: [], position: second.position })
      const other = await store.charges({ partition: 7, checkpoint: { ...checkpoint, epoch: 'other' }, countMax: 9 })
      expect(other.entries).toHaveLength(3)
    })

    it('charges() of a partition never used answers its epoch and a position to seed from', async () => {
      const batch = await store.charges({ partition: 9, checkpoint: undefined, countMax: 10 })
      expect(batch).toMatchObject({ partition: 9, entries: [] })
      const subject = { ...alice, partition: 9 }
      expect(
        await store.seed({
          subject,
          checkpoint: { partition: 9, epoch: batch.epoch, position: batch.position },
          counters: [],
        }),
      ).toBe('seeded')
    })

    it('waiting() names partitions with unread entries or another epoch, and no others', async () => {
      expect(await store.waiting([])).toEqual([])
      await finish('a', [alice, address])
      const both = [...(await store.waiting([]))].sort((left, right) => left - right)
      expect(both).toEqual([7, 200])
      const checkpoints = [await drained(store, 7), await drained(store, 200)]
      expect(await store.waiting(checkpoints)).toEqual([])
      await finish('b')
      expect(await store.waiting(checkpoints)).toEqual([7])
      const other = checkpoints.map((checkpoint) => ({ ...checkpoint, epoch: 'other' }))
      expect(await store.waiting(other)).toHaveLength(2)
    })

    it('sizes() tells what waits after the checkpoints and what is held', async () => {
      expect(await store.sizes?.([])).toEqual({ unread: 0, held: 0 })
      for (const id of ['a', 'b', 'c']) await finish(id, [alice, address])
      expect(await store.sizes?.([])).toEqual({ unread: 6, held: 6 })
      const first = await store.charges({ partition: 7, checkpoint: undefined, countMax: 2 })
      const checkpoint = { partition: 7, epoch: first.epoch, position: first.position }
      expect(await store.sizes?.([checkpoint])).toEqual({ unread: 4, held: 6 })
      expect(await store.sizes?.([{ ...checkpoint, epoch: 'other' }])).toEqual({ unread: 6, held: 6 })
      expect(await store.sizes?.([await drained(store, 7), await drained(store, 200)])).toEqual({ unread: 0, held: 6 })
      await store.trim({ checkpoint: await drained(store, 7), keepMs: -3_600_000 })
      expect(await store.sizes?.([])).toEqual({ unread: 3, held: 3 })
    })

    it('trim() forgets only what the checkpoint passed, and seeds from before that are behind', async () => {
      await finish('a')
      const checkpoint = await drained(store, 7)
      await finish('b')
      await finish('c')
      const early = { partition: 7, epoch: checkpoint.epoch, position: (await firstPosition(store)) ?? '' }
      expect(await store.trim({ checkpoint, keepMs: 3_600_000 })).toBe(0)
      const later = await drained(store, 7)
      await finish('d')
      expect(await store.trim({ checkpoint: later, keepMs: -3_600_000 })).toBe(3)
      const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
      expect(entries.map((entry) => entry.id)).toEqual(['d'])
      expect(await store.seed({ subject: alice, checkpoint: early, counters: [] })).toBe('behind')
      expect(await store.seed({ subject: alice, checkpoint: later, counters: [] })).toBe('seeded')
      expect(await store.trim({ checkpoint: { ...later, epoch: 'other' }, keepMs: -3_600_000 })).toBe(0)
    })
  })
}

async function firstPosition(store: StoreHarness['store']): Promise<string | undefined> {
  const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 1 })
  return entries[0]?.position
}
