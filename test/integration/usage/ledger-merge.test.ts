import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChargeEntry } from '../../../src/core/charge.ts'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { account, chargeEntry, listStream, testDayMs } from '../../support/charge-entries.ts'
import {
  countersAndTruth,
  dayOf,
  hoursThatDiffer,
  type LedgerDatabase,
  openLedgerDatabase,
} from '../../support/ledger-database.ts'

const allRows = `SELECT id, partition, is_home, state, outcome, unsettled, requests::int, credits::text, bytes::int, gpu_ms::int, subjects
                   FROM tollgate.usage_entry ORDER BY id, partition`

let epochs = 0

async function book(database: LedgerDatabase, entries: readonly ChargeEntry[], batch = 1_000): Promise<void> {
  epochs += 1
  const stream = listStream(`e${epochs}`)
  stream.append(...entries)
  const store = createPostgresLedgerStore({ pool: database.pool, observer: silentObserver })
  for (let booked = 0; booked < entries.length; booked += batch) {
    await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: batch }))
  }
}

test('drain() books an entry as people read it, credits as credits', async () => {
  await using database = await openLedgerDatabase()
  await book(database, [chargeEntry({ amounts: { requests: 1, credits: 1_234, bytes: 30_000_000, gpu_ms: 5 } })])
  expect(await database.rows('SELECT *, at::text, mint_day::text FROM tollgate.usage_entry')).toMatchObject([
    {
      mint_day: '2026-11-22',
      at: '2026-11-22 01:00:00+00',
      account: 'alice',
      project: 'vision',
      department: 'research',
      token: 'alice-1',
      address: '192.0.2.1',
      upstream: 'mirror',
      surface: 'pypi',
      kind: 'artifact',
      resource: 'torch',
      file: 'torch-2.0-py3-none-any.whl',
      credits: '1.234',
      bytes: '30000000',
      gpu_ms: '5',
      subjects: ['account:alice'],
      is_home: true,
    },
  ])
  expect(await database.rows('SELECT token, last_used_at::text FROM tollgate.token_use')).toEqual([
    { token: 'alice-1', last_used_at: '2026-11-22 01:00:00+00' },
  ])
  expect(await database.rows('SELECT day::text, account, requests, credits FROM tollgate.usage_by_day')).toEqual([
    { day: '2026-11-22', account: 'alice', requests: '1', credits: '1.234' },
  ])
})

const amounts = (bytes: number, credits = bytes) => ({ requests: 1, credits, bytes, gpu_ms: 0 })
const nothing = { requests: 0, credits: 0, bytes: 0, gpu_ms: 0 }

test('drain() lets final lower what open booked, and never the other way round', async () => {
  await using database = await openLedgerDatabase()
  const open = chargeEntry({ state: 'open', outcome: 'unknown', unsettled: true, amounts: amounts(30_000) })
  const final = chargeEntry({ state: 'final', outcome: 'aborted', amounts: amounts(20_000) })
  await book(database, [open, final, open], 1)
  expect(await database.rows(allRows)).toMatchObject([
    { state: 'final', outcome: 'aborted', unsettled: false, credits: '20.000', bytes: 20_000 },
  ])
})

test('drain() takes the larger of two finals quantity by quantity, and the outcome with more bytes', async () => {
  await using database = await openLedgerDatabase()
  await book(database, [
    chargeEntry({ outcome: 'delivered', amounts: amounts(5_000, 1_000) }),
    chargeEntry({ outcome: 'aborted', amounts: amounts(4_000, 2_000) }),
  ])
  expect(await database.rows(allRows)).toMatchObject([{ outcome: 'delivered', bytes: 5_000, credits: '2.000' }])
})

test('drain() applies a refund without record only to a row that is there', async () => {
  await using database = await openLedgerDatabase()
  const refund = (id: string) =>
    chargeEntry({ id, state: 'final', outcome: 'undelivered', amounts: nothing, onlyIfBooked: true })
  const booked = (id: string) => chargeEntry({ id, state: 'open', outcome: 'unknown', amounts: amounts(9_000) })
  await book(database, [refund('gone'), refund('later'), booked('later'), booked('then'), refund('then')])
  await book(database, [booked('before')])
  await book(database, [refund('before'), refund('before')])
  expect(await database.rows(allRows)).toMatchObject([
    { id: 'before', state: 'final', outcome: 'undelivered', bytes: 0 },
    { id: 'later', state: 'open', bytes: 9_000 },
    { id: 'then', state: 'final', outcome: 'undelivered', bytes: 0 },
  ])
})

test('drain() keeps one row per partition of a request and calls one of them home', async () => {
  await using database = await openLedgerDatabase()
  const subjects = [account('alice', 7), { kind: 'department', id: 'other', partition: 31 } as const]
  const stream = listStream()
  stream.append(chargeEntry({ subjects, home: 7, partition: 7 }), chargeEntry({ subjects, home: 7, partition: 31 }))
  const store = createPostgresLedgerStore({ pool: database.pool, observer: silentObserver })
  for (const partition of [7, 31]) {
    await store.drain(partition, (checkpoint) => stream.charges({ partition, checkpoint, countMax: 10 }))
  }
  expect(await database.rows(allRows)).toMatchObject([
    { partition: 7, is_home: true, subjects: ['account:alice'] },
    { partition: 31, is_home: false, subjects: ['department:other'] },
  ])
  expect(await database.rows('SELECT requests::int FROM tollgate.usage_by_day')).toEqual([{ requests: 1 }])
})

test('drain() books what PostgreSQL cannot hold as it stands, and leaves out what can never be booked', async () => {
  await using database = await openLedgerDatabase()
  const left: unknown[] = []
  const observer: Observer = { ...silentObserver, warn: (event, details) => left.push(event, details?.['ids']) }
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  const hostile = `a\0b\ud800c${'x'.repeat(5_000)}`
  const stream = listStream()
  stream.append(
    chargeEntry({ id: 'odd', meta: { ...chargeEntry().meta, resource: hostile, file: '\\u0000"\'' } }),
    chargeEntry({ id: 'nan', amounts: amounts(Number.NaN) }),
    chargeEntry({ id: 'negative', amounts: amounts(-1) }),
    chargeEntry({ id: 'timeless', at: Number.POSITIVE_INFINITY }),
    chargeEntry({ id: 'most', amounts: amounts(Number.MAX_SAFE_INTEGER) }),
  )
  await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 10 }))
  expect(left).toEqual(['charges_unbookable', ['nan', 'negative', 'timeless']])
  const rows = await database.rows(
    'SELECT id, resource, file, bytes, credits FROM tollgate.usage_entry ORDER BY id DESC',
  )
  expect(rows[0]).toMatchObject({ id: 'odd', file: '\\u0000"\'' })
  expect(rows[0]?.['resource']).toMatch(/^a\uFFFDb\uFFFDcx{1000,}$/)
  expect(rows[1]).toMatchObject({ id: 'most', bytes: '9007199254740991', credits: '9007199254740.991' })
})

test('drain() ends at the same books and counters for every order, repetition and batch size, also from another epoch', async () => {
  const entry = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    state: fc.constantFrom('open' as const, 'final' as const),
    outcome: fc.constantFrom('delivered' as const, 'aborted' as const, 'undelivered' as const),
    bytes: fc.integer({ min: 0, max: 9 }),
    credits: fc.integer({ min: 0, max: 9 }),
  })
  const run = fc.record({
    entries: fc.array(entry, { maxLength: 12 }),
    batch: fc.integer({ min: 1, max: 5 }),
    seed: fc.integer(),
  })
  await fc.assert(
    fc.asyncProperty(run, async ({ entries, batch, seed }) => {
      await using database = await openLedgerDatabase()
      const store = createPostgresLedgerStore({ pool: database.pool, observer: silentObserver })
      const charges = entries.map((one, index) =>
        chargeEntry({
          id: one.id,
          state: one.state,
          outcome: one.outcome,
          unsettled: one.state === 'open',
          amounts: amounts(one.bytes, one.credits),
          at: testDayMs + one.id.charCodeAt(0),
          position: String(index),
        }),
      )
      await book(database, charges, batch)
      expect(await database.rows(hoursThatDiffer)).toEqual([])
      await store.figures(account('alice'), [dayOf('credits'), dayOf('bytes', 'pypi'), dayOf('requests', 'gpu')])
      const first = await database.rows(allRows)
      const again = listStream()
      again.startEpoch(
        `e${seed}`,
        [...charges, ...charges].toSorted((a, b) => hash(a, seed) - hash(b, seed)),
      )
      for (let drains = 0; drains <= (2 * charges.length) / batch; drains += 1) {
        await store.drain(7, (checkpoint) => again.charges({ partition: 7, checkpoint, countMax: batch }))
      }
      expect(await database.rows(allRows)).toEqual(first)
      expect(first).toMatchObject(expectedRows(charges))
      expect(await database.rows(hoursThatDiffer)).toEqual([])
      for (const counter of await database.rows(countersAndTruth)) expect(counter['used']).toBe(counter['truth'])
    }),
    { numRuns: 25 },
  )
})

/** The rule again, in plain words: final over open, then the larger. */
function expectedRows(charges: readonly ChargeEntry[]) {
  return [...Map.groupBy(charges, (charge) => charge.id).entries()]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([id, all]) => {
      const finals = all.filter((charge) => charge.state === 'final')
      const counting = finals.length > 0 ? finals : all
      return {
        id,
        state: finals.length > 0 ? 'final' : 'open',
        unsettled: finals.length === 0,
        bytes: Math.max(...counting.map((charge) => charge.amounts.bytes)),
        credits: (Math.max(...counting.map((charge) => charge.amounts.credits)) / 1_000).toFixed(3),
      }
    })
}

function hash(entry: ChargeEntry, seed: number): number {
  return Math.imul(Number(entry.position) + 1, (seed | 1) ^ 0x9e3779b1) >>> 0
}
