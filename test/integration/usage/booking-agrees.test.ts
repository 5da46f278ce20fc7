import { expect, test } from 'vitest'
import type { ChargeEntry } from '../../../src/core/charge.ts'
import { ledgerRow } from '../../../src/postgres/ledger-row.ts'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { type Books, type EntryRow, mergeBatch, summedUp } from '../../simulation/booking.ts'
import { Random } from '../../simulation/random.ts'
import { account, chargeEntry, listStream, testDayMs } from '../../support/charge-entries.ts'
import { dayOf, openLedgerDatabase } from '../../support/ledger-database.ts'

const histories = 25
const batchMax = 4
const quantities = ['requests', 'credits', 'bytes'] as const

/** Entries of few ids in any order, as no store would append them: repeated, open after final, only for a row that may be there. */
function drawEntries(random: Random, history: number): readonly ChargeEntry[] {
  return Array.from({ length: random.whole(3, 14) }, () => {
    const id = random.whole(1, 4)
    const isFinal = random.chance(0.5)
    const isRefund = random.chance(0.2)
    const credits = isRefund ? 0 : random.whole(0, 5_000)
    return chargeEntry({
      id: `h${history}-${id}.${testDayMs.toString(36)}`,
      at: testDayMs + id * 3_600_000,
      state: isFinal || isRefund ? 'final' : 'open',
      amounts: { requests: isRefund ? 0 : 1, credits, bytes: credits * 7, gpu_ms: 0 },
      surface: id % 2 === 0 ? 'pypi' : 'gpu',
      subjects: [account(`h${history}`), account(`h${history}-${id}`)],
      outcome: isRefund ? 'undelivered' : 'delivered',
      unsettled: !isFinal && random.chance(0.5),
      onlyIfBooked: isRefund && random.chance(0.7),
    })
  })
}

test('the SQL of the ledger books what the simulation takes it to book', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer: silentObserver })
  const books: Books = { rows: new Map(), kept: new Map() }
  const random = new Random(20_261_122)
  for (let history = 0; history < histories; history += 1) {
    const entries = drawEntries(random, history)
    const stream = listStream(`e${history}`)
    stream.append(...entries)
    for (let from = 0; from < entries.length; from += batchMax) {
      await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: batchMax }))
      const batch = entries.slice(from, from + batchMax).flatMap((entry) => ledgerRow(entry) ?? [])
      mergeBatch(books, batch as unknown as EntryRow[])
    }
    const subject = account(`h${history}`)
    const counters = quantities.flatMap((quantity) => [dayOf(quantity), dayOf(quantity, 'pypi')])
    const seed = await store.figures(subject, counters)
    const expected = counters.map(({ surface, quantity, startMs, endMs }) =>
      summedUp(books, `account:h${history}`, {
        ...{ surface, quantity, window_kind: 'day', time_zone: 'UTC' },
        ...{ start_at: new Date(startMs).toISOString(), end_at: new Date(endMs).toISOString() },
      }),
    )
    expect(seed.counters.map(({ used }) => used)).toEqual(expected)
  }
  const booked = await database.rows(
    `SELECT id, state, unsettled, requests::int, (credits * 1000)::int AS credits_milli, bytes::int, subjects
       FROM tollgate.usage_entry ORDER BY id`,
  )
  const simulated = [...books.rows.values()]
    .map(({ id, state, unsettled, requests, credits_milli, bytes, subjects }) => ({
      ...{ id, state, unsettled, requests, credits_milli, bytes, subjects },
    }))
    .sort((left, right) => (left.id < right.id ? -1 : 1))
  expect(booked).toEqual(simulated)
})
