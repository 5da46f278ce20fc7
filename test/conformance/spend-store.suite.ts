import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpendStore } from '../../src/check/ports.ts'
import type { SpendAnswer } from '../../src/core/spend.ts'
import {
  address,
  alice,
  amounts,
  counterOf,
  hourOf,
  quotaLine,
  rateLine,
  reportOf,
  research,
  type StoreHarness,
  seedOf,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'

/** What `SpendStore` promises, whatever it is made of. */
export function spendStoreSuite(name: string, createHarness: () => Promise<StoreHarness>): void {
  describe(`spend store ${name}`, () => {
    let harness: StoreHarness
    let store: StoreHarness['store']

    beforeEach(async () => {
      harness = await createHarness()
      store = harness.store
    })
    afterEach(() => harness.close())

    const used = async (line = quotaLine({ hits: 0 })): Promise<number | string> => {
      const answer = await store.peek([line])
      const state = answer.kind === 'seen' ? answer.states[0] : undefined
      return state?.kind === 'quota' ? state.used : (state?.kind ?? answer.kind)
    }
    const warm = async (line = quotaLine()): Promise<void> => {
      expect(await store.seed(await seedOf(store, line.subject, [counterOf(line, 0)]))).toBe('seeded')
    }

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
        const lines = [
          rateLine({ limit: 'small', burst: 1, amount: 1 }),
          quotaLine({ amount: 500 }),
          rateLine({ limit: 'large' }),
          rateLine({ limit: 'shadow', burst: 1, hits: 2, enforced: false }),
        ]
        const answer = await store.spend(spendRequest({ id: 'n1', lines }))
        expect(answer).toMatchObject({ kind: 'refused', line: 1, retryAfterMs: 'never' })
        expect(await used()).toBe(0)
        const after = await store.peek(lines)
        expect(after).toMatchObject({ states: [{ debt: 0 }, { used: 0 }, { debt: 0 }, { debt: 0 }] })
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

    reportSuite(() => ({ harness, store, used, warm }))
    seedSuite(() => ({ harness, store, used, warm }))
  })
}

interface Fixture {
  readonly harness: StoreHarness
  readonly store: StoreHarness['store']
  used(line?: ReturnType<typeof quotaLine>): Promise<number | string>
  warm(line?: ReturnType<typeof quotaLine>): Promise<void>
}

async function taken(store: SpendStore, id: string): Promise<ReturnType<typeof reportOf>> {
  const request = spendRequest({ id, lines: [quotaLine()] })
  const answer: SpendAnswer = await store.spend(request)
  return reportOf(request, answer)
}

function reportSuite(fixture: () => Fixture): void {
  describe('report()', () => {
    it('final moves the counter to the actual, whatever comes before or after it again', async () => {
      const { store, used, warm } = fixture()
      await warm()
      const report = await taken(store, 'f1')
      const final = { ...report, amounts: amounts({ requests: 1, credits: 400, bytes: 5_000 }) }
      const open = { ...report, state: 'open' as const, amounts: amounts({ credits: 9_000 }) }
      expect(await store.report(final)).toBe('booked')
      expect(await used()).toBe(400)
      for (const duplicate of [final, open, { ...final, amounts: amounts({}) }]) {
        expect(await store.report(duplicate)).toBe('booked')
        expect(await used()).toBe(400)
      }
    })

    it('open only raises what is booked', async () => {
      const { store, used, warm } = fixture()
      await warm()
      const report = { ...(await taken(store, 'o1')), state: 'open' as const }
      await store.report({ ...report, amounts: amounts({ credits: 10 }) })
      expect(await used()).toBe(1_000)
      await store.report({ ...report, amounts: amounts({ credits: 7_000 }) })
      expect(await used()).toBe(7_000)
    })

    it('books into the window that held the spend, not the one that holds the report', async () => {
      const { harness, store, used, warm } = fixture()
      await warm()
      const report = await taken(store, 'v1')
      await harness.setNow(startMs + 3_600_000)
      await store.spend(spendRequest({ id: 'v2', lines: [quotaLine()] }))
      await store.report({ ...report, amounts: amounts({ credits: 50_000 }) })
      expect(await used()).toBe(1_000)
    })

    it('never gives a rate hit back', async () => {
      const { store } = fixture()
      const request = spendRequest({ id: 'h1', lines: [rateLine()] })
      const answer = await store.spend(request)
      const refund = { amounts: amounts({}), outcome: 'undelivered' as const, notAfterMs: startMs }
      await store.report(reportOf(request, answer, refund))
      expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 1_000 }] })
    })

    it('without a record is unrecorded and marks the subjects stale until they are seeded', async () => {
      const { store, used, warm } = fixture()
      await warm()
      const report = await taken(store, 'k1')
      expect(await store.report({ ...report, id: 'unknown' })).toBe('unrecorded')
      const stale = await store.stale(10)
      expect(stale.map((entry) => entry.subject.id).sort()).toEqual(['alice', 'research'])
      const { current, surface, quantity, window, timeZone } = quotaLine()
      expect(stale.find((entry) => entry.subject.id === 'alice')?.counters).toEqual([
        { surface, quantity, window, timeZone, ...current },
      ])
      await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 500)]))
      await store.seed(await seedOf(store, research, []))
      expect(await used()).toBe(1_500)
      expect(await store.stale(10)).toEqual([])
    })

    it('a refund is early while its spend could still come, afterwards appended by id alone', async () => {
      const { harness, store } = fixture()
      const request = spendRequest({ id: 'e1', lines: [rateLine()], notAfterMs: startMs + 50 })
      const answer: SpendAnswer = { kind: 'taken', at: startMs, epochs: [{ partition: 7, epoch: 'x' }], states: [] }
      const refund = reportOf(request, answer, {
        amounts: amounts({}),
        outcome: 'undelivered',
        notAfterMs: request.notAfterMs,
      })
      expect(await store.report(refund)).toBe('early')
      expect((await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })).entries).toEqual([])
      await harness.setNow(startMs + 51)
      expect(await store.report(refund)).toBe('unrecorded')
      expect((await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })).entries).toMatchObject([
        { id: 'e1', onlyIfBooked: true, amounts: amounts({}) },
      ])
    })

    it('a refund takes the estimate back and appends nothing', async () => {
      const { store, used, warm } = fixture()
      await warm()
      const report = await taken(store, 'b1')
      const refund = { ...report, amounts: amounts({}), outcome: 'undelivered' as const, notAfterMs: startMs }
      expect(await store.report(refund)).toBe('booked')
      expect(await used()).toBe(0)
      expect((await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })).entries).toEqual([])
    })
  })
}

function seedSuite(fixture: () => Fixture): void {
  describe('seed()', () => {
    it('counts reservations that are not in the stream and differences the ledger has not read', async () => {
      const { store, used, warm } = fixture()
      await warm()
      const early = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      const first = await taken(store, 'd1')
      await taken(store, 'd2')
      await store.report({ ...first, amounts: amounts({ credits: 300 }) })
      expect(await store.seed(early)).toBe('seeded')
      expect(await used()).toBe(1_300)
      expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 300)]))).toBe('seeded')
      expect(await used()).toBe(1_300)
    })

    it('is behind without a checkpoint of this epoch', async () => {
      const { store, used } = fixture()
      const seed = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      expect(await store.seed({ ...seed, checkpoint: undefined })).toBe('behind')
      const other = { partition: 7, position: seed.checkpoint?.position ?? '', epoch: 'another' }
      expect(await store.seed({ ...seed, checkpoint: other })).toBe('behind')
      expect(await used()).toBe('cold')
    })

    it('is behind while an entry without difference is unread', async () => {
      const { store, warm } = fixture()
      await warm()
      const report = await taken(store, 'a1')
      const early = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      await store.report({ ...report, id: 'lost' })
      expect(await store.seed(early)).toBe('behind')
      expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 0)]))).toBe('seeded')
    })

    it('does not warm a counter whose window has passed', async () => {
      const { harness, store, used } = fixture()
      const seed = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      await harness.setNow(startMs + 3_600_000)
      expect(await store.seed(seed)).toBe('seeded')
      expect(await used()).toBe('cold')
    })

    it('keeps other counters warm, unless the subject is stale', async () => {
      const { store, used, warm } = fixture()
      const bytes = quotaLine({ quantity: 'bytes', hits: 0 })
      await warm()
      await warm(bytes)
      expect(await used()).toBe(0)
      await store.report({ ...(await taken(store, 'j1')), id: 'lost' })
      await warm(bytes)
      expect(await used()).toBe('cold')
      expect(await used(bytes)).toBe(0)
    })

    it('keeps rates', async () => {
      const { store, warm } = fixture()
      await store.spend(spendRequest({ id: 'y1', lines: [rateLine()] }))
      await warm()
      expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 1_000 }] })
    })
  })

  describe('expire()', () => {
    it('books an overdue reservation at its estimate, open and unsettled; a later report still wins', async () => {
      const { harness, store, used, warm } = fixture()
      await warm()
      const report = await taken(store, 'z1')
      const sweep = { countMax: 10, notAfterMs: startMs + 3_000_000 }
      expect(await store.expire(sweep)).toBe(0)
      await harness.setNow(startMs + 60_000)
      expect(await store.expire(sweep)).toBe(1)
      expect(await store.expire(sweep)).toBe(0)
      expect(await used()).toBe(1_000)
      await store.report({ ...report, amounts: amounts({ requests: 1, credits: 250 }) })
      expect(await used()).toBe(250)
      const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
      expect(entries).toMatchObject([
        { state: 'open', unsettled: true, outcome: 'unknown', difference: { credits: 1_000 } },
        { state: 'final', unsettled: false, amounts: { credits: 250 }, difference: { credits: -750 } },
      ])
    })

    it('does nothing after notAfterMs, and no more than countMax', async () => {
      const { harness, store, warm } = fixture()
      await warm()
      for (const id of ['1', '2', '3']) await taken(store, id)
      await harness.setNow(startMs + 60_000)
      expect(await store.expire({ countMax: 10, notAfterMs: startMs + 59_999 })).toBe(0)
      expect(await store.expire({ countMax: 2, notAfterMs: startMs + 60_000 })).toBe(2)
      expect(await store.expire({ countMax: 2, notAfterMs: startMs + 60_000 })).toBe(1)
    })

    it('leaves a reservation alone that an open report renewed', async () => {
      const { harness, store, warm } = fixture()
      await warm()
      const report = await taken(store, 'n1')
      await harness.setNow(startMs + 50_000)
      await store.report({ ...report, state: 'open' })
      await harness.setNow(startMs + 60_000)
      expect(await store.expire({ countMax: 10, notAfterMs: startMs + 90_000 })).toBe(0)
    })
  })
}
