import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashedPartition, type Subject } from '../../src/core/subject.ts'
import {
  address,
  alice,
  amounts,
  hourOf,
  quotaLine,
  rateLine,
  research,
  type StoreHarness,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'
import { createStoreFixture, type StoreFixture } from '../support/store-fixture.ts'
import { expirySuite } from './spend-store-expiry.suite.ts'
import { paceSuite } from './spend-store-pace.suite.ts'
import { reportSuite } from './spend-store-report.suite.ts'
import { seedSuite } from './spend-store-seed.suite.ts'
import { slotSuite } from './spend-store-slots.suite.ts'
import { windowSuite } from './spend-store-windows.suite.ts'

/** What `SpendStore` promises, whatever it is made of. */
export function spendStoreSuite(name: string, createHarness: () => Promise<StoreHarness>): void {
  describe(`spend store ${name}`, () => {
    let fixture: StoreFixture
    let harness: StoreHarness
    let store: StoreHarness['store']
    let used: StoreFixture['used']
    let warm: StoreFixture['warm']

    beforeEach(async () => {
      harness = await createHarness()
      fixture = createStoreFixture(harness)
      ;({ store, used, warm } = fixture)
    })
    afterEach(() => harness.close())

    describe('spend()', () => {
      it('takes a burst from a rate, refuses the next hit with its exact wait and takes it after that', async () => {
        for (let hit = 0; hit < 5; hit += 1) {
          expect(await store.spend(spendRequest({ id: `r${hit}`, lines: [rateLine()] }))).toMatchObject({
            kind: 'taken',
          })
        }
        const refused = await store.spend(spendRequest({ id: 'r5', lines: [rateLine()] }))
        expect(refused).toMatchObject({ kind: 'refused', line: 0, retryAfterMs: 100 })
        await harness.setNow(startMs + 99)
        expect(await store.spend(spendRequest({ id: 'r6', lines: [rateLine()] }))).toMatchObject({
          kind: 'refused',
          retryAfterMs: 1,
        })
        await harness.setNow(startMs + 100)
        expect(await store.spend(spendRequest({ id: 'r7', lines: [rateLine()] }))).toMatchObject({ kind: 'taken' })
      })

      it('answers cold, takes nothing, and takes once the counter is seeded', async () => {
        const request = spendRequest({ id: 'q1', lines: [rateLine(), quotaLine()] })
        expect(await store.spend(request)).toMatchObject({ kind: 'cold', lines: [1] })
        expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 0 }] })
        await warm()
        expect(await store.spend(request)).toMatchObject({
          kind: 'taken',
          at: startMs,
          states: [
            { kind: 'rate', debt: 1_000 },
            { kind: 'quota', used: 1_000 },
          ],
        })
      })

      it('takes nothing from any line when one refuses, and names the enforced line that waits longest', async () => {
        await warm()
        const small = rateLine({ limit: 'small', burst: 1, amount: 1 })
        await store.spend(spendRequest({ id: 'n0', lines: [small], estimate: amounts({}) }))
        const lines = [
          small,
          quotaLine({ amount: 500 }),
          rateLine({ limit: 'large' }),
          rateLine({ limit: 'shadow', burst: 1, hits: 2, enforced: false }),
        ]
        const answer = await store.spend(spendRequest({ id: 'n1', lines }))
        expect(answer).toMatchObject({ kind: 'refused', line: 1, retryAfterMs: 'never' })
        expect(await used()).toBe(0)
        const after = await store.peek(lines)
        expect(after).toMatchObject({ states: [{ debt: 1_000 }, { used: 0 }, { debt: 0 }, { debt: 0 }] })
      })

      it('names the first of lines that wait equally long', async () => {
        for (const hits of [5, 6]) {
          const full = rateLine({ hits: 5, limit: `r${hits}` })
          await store.spend(spendRequest({ id: `full${hits}`, lines: [full, { ...full, limit: 'other' }] }))
          const lines = [rateLine(), rateLine({ limit: 'other', hits }), rateLine({ limit: `r${hits}`, hits })]
          expect(await store.spend(spendRequest({ id: `e${hits}`, lines }))).toMatchObject({ kind: 'refused', line: 1 })
          await harness.setNow(startMs + 60_000)
        }
      })

      it('does not know a counter of other windows than the line has', async () => {
        const { current } = quotaLine()
        const shifted = { startMs: current.startMs + 60_000, endMs: current.endMs + 60_000 }
        await warm(quotaLine({ current: shifted }))
        expect(await store.spend(spendRequest({ id: 'd1', lines: [quotaLine()] }))).toMatchObject({ kind: 'cold' })
        expect(await used()).toBe('cold')
      })

      it('charges a line that is not enforced past its amount and never lets it refuse', async () => {
        await warm()
        const lines = [quotaLine({ amount: 500, enforced: false }), rateLine({ burst: 1, hits: 3, enforced: false })]
        expect(await store.spend(spendRequest({ id: 'u1', lines }))).toMatchObject({
          kind: 'taken',
          states: [
            { used: 1_000, fits: false },
            { debt: 3_000, fits: false },
          ],
        })
      })

      it('waits until the end of the window when a quota is used up', async () => {
        await warm()
        const line = quotaLine({ amount: 1_000 })
        await store.spend(spendRequest({ id: 'w1', lines: [line] }))
        expect(await store.spend(spendRequest({ id: 'w2', lines: [line] }))).toMatchObject({
          kind: 'refused',
          retryAfterMs: 30 * 60_000,
          states: [{ used: 1_000, window: hourOf(startMs) }],
        })
      })

      it('shares one counter between limits of any name that count the same', async () => {
        await warm()
        const lines = [quotaLine(), quotaLine({ limit: 'other', amount: 50_000 })]
        expect(await store.spend(spendRequest({ id: 's1', lines }))).toMatchObject({
          states: [{ used: 1_000 }, { used: 1_000 }],
        })
        expect(await used()).toBe(1_000)
      })

      it('moves a warm counter that has no line in this request', async () => {
        await warm(quotaLine({ subject: research }))
        await store.spend(spendRequest({ id: 'm1', lines: [] }))
        expect(await used(quotaLine({ subject: research, hits: 0 }))).toBe(1_000)
      })

      it('leaves counters of the other surface alone', async () => {
        const gpu = quotaLine({ surface: 'gpu', hits: 0 })
        await warm(gpu)
        await store.spend(spendRequest({ id: 'g1', lines: [] }))
        expect(await used(gpu)).toBe(0)
      })

      it('rolls a counter into the next window, and lets one without a line go cold', async () => {
        await warm()
        await warm(quotaLine({ subject: research }))
        await store.spend(spendRequest({ id: 'o1', lines: [quotaLine()] }))
        await harness.setNow(startMs + 3_600_000)
        expect(await used()).toBe(0)
        await store.spend(spendRequest({ id: 'o2', lines: [quotaLine()] }))
        expect(await used()).toBe(1_000)
        expect(await used(quotaLine({ subject: research, hits: 0 }))).toBe('cold')
      })

      it('answers stale-windows when neither window holds the time of the store', async () => {
        await harness.setNow(startMs + 7_200_000)
        const line = quotaLine()
        expect(await store.spend(spendRequest({ id: 't1', lines: [line] }))).toEqual({
          kind: 'stale-windows',
          at: startMs + 7_200_000,
        })
        expect(await store.peek([line])).toMatchObject({ kind: 'stale-windows' })
      })

      it('takes nothing when it starts after notAfterMs', async () => {
        const request = spendRequest({ id: 'l1', lines: [rateLine()], notAfterMs: startMs - 1 })
        expect(await store.spend(request)).toEqual({ kind: 'late', at: startMs })
        expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 0 }] })
      })

      it('takes once under one id and answers a repetition with the first instant', async () => {
        await warm()
        const request = spendRequest({ id: 'i1', lines: [rateLine(), quotaLine()] })
        const first = await store.spend(request)
        await harness.setNow(startMs + 10)
        const again = await store.spend(request)
        expect(first).toMatchObject({ kind: 'taken', at: startMs })
        expect(again).toMatchObject({ kind: 'taken', at: startMs, states: [{ debt: 900 }, { used: 1_000 }] })
      })

      it('lets a cold quota pass when told to, books the reservation and leaves the counter cold', async () => {
        const request = spendRequest({ id: 'p1', lines: [quotaLine()], cold: 'pass' })
        const answer = await store.spend(request)
        expect(answer).toMatchObject({ kind: 'taken', states: [{ kind: 'cold' }] })
        expect(await used()).toBe('cold')
        await warm()
        expect(await used()).toBe(1_000)
      })

      it('books in every partition its subjects touch, all or nothing', async () => {
        const lines = [rateLine(), rateLine({ subject: address, burst: 1 })]
        const subjects = [alice, research, address]
        const first = await store.spend(spendRequest({ id: 'x1', lines, subjects }))
        expect(first.kind === 'taken' ? first.epochs.map((entry) => entry.partition) : first).toEqual([7, 200])
        expect(await store.spend(spendRequest({ id: 'x2', lines, subjects }))).toMatchObject({
          kind: 'refused',
          line: 1,
        })
        expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 1_000 }] })
      })

      it('takes lines of a department, an address, a token and everyone all or nothing', async () => {
        const token: Subject = { kind: 'token', id: 'tok-1', partition: 31 }
        const everyone: Subject = { kind: 'everyone', id: 'everyone', partition: hashedPartition('everyone') }
        const subjects = [research, address, token, everyone]
        const lines = subjects.map((subject) => rateLine({ subject, burst: 3 }))
        for (const id of ['d1', 'd2', 'd3'])
          expect(await store.spend(spendRequest({ id, lines, subjects }))).toMatchObject({ kind: 'taken' })
        const scarce = lines.map((line, index) => (index === 2 ? line : { ...line, burst: 9 }))
        expect(await store.spend(spendRequest({ id: 'd4', lines: scarce, subjects }))).toMatchObject({
          kind: 'refused',
          line: 2,
        })
        const looked = await store.peek(lines.map((line) => ({ ...line, hits: 0 })))
        expect(looked).toMatchObject({ states: lines.map(() => ({ debt: 3_000 })) })
      })

      it('keeps the debt of a rate whose period changes', async () => {
        for (let hit = 0; hit < 4; hit += 1) await store.spend(spendRequest({ id: `c${hit}`, lines: [rateLine()] }))
        const slower = rateLine({ periodMs: 60_000, amount: 1 })
        expect(await store.peek([{ ...slower, hits: 0 }])).toMatchObject({ states: [{ debt: 240_000 }] })
        expect(await store.spend(spendRequest({ id: 'c5', lines: [slower] }))).toMatchObject({ kind: 'taken' })
        expect(await store.spend(spendRequest({ id: 'c6', lines: [slower] }))).toMatchObject({
          kind: 'refused',
          retryAfterMs: 60_000,
        })
      })
    })

    reportSuite(() => fixture)
    seedSuite(() => fixture)
    expirySuite(() => fixture)
    windowSuite(() => fixture)
    slotSuite(() => fixture)
    paceSuite(() => fixture)
  })
}
