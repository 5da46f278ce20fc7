import { describe, expect, test } from 'vitest'
import type { ChargeEntry } from '../../../src/core/charge.ts'
import { ledgerQueries } from '../../../src/postgres/ledger-queries.ts'
import { counterRow } from '../../../src/postgres/ledger-row.ts'
import { createPostgresLedgerStore, type DrainStep } from '../../../src/postgres/ledger-store.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import type { LedgerStore } from '../../../src/usage/ports.ts'
import { account, chargeEntry, type ListStream, listStream, testDayMs } from '../../support/charge-entries.ts'
import { countersAndTruth, dayOf, openLedgerDatabase } from '../../support/ledger-database.ts'

const alice = account('alice')
const research = { kind: 'department', id: 'research', partition: 7 } as const

const charge = (id: string, over: Partial<ChargeEntry> = {}) =>
  chargeEntry({ id, amounts: { requests: 1, credits: 1_500, bytes: 10, gpu_ms: 3 }, ...over })

const drain = (store: LedgerStore, stream: ListStream) =>
  store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 1_000 }))

test('figures() sums what is booked inside the window, of this surface, subject and partition, and keeps it', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  const stream = listStream()
  stream.append(
    charge('first instant', { at: testDayMs }),
    charge('last instant', { at: testDayMs + 86_399_999 }),
    charge('the day before', { at: testDayMs - 1 }),
    charge('the day after', { at: testDayMs + 86_400_000 }),
    charge('gpu', { surface: 'gpu' }),
    charge('bob', { subjects: [account('bob')] }),
    charge('alicette', { subjects: [account('alicette'), account('alice', 8)] }),
  )
  await drain(store, stream)
  const asked = [dayOf('credits', 'pypi'), dayOf('credits'), dayOf('requests', 'gpu'), dayOf('bytes'), dayOf('gpu_ms')]
  const seed = await store.figures(alice, asked)
  expect(seed.checkpoint).toEqual({ partition: 7, epoch: 'e1', position: '7' })
  expect(seed.counters).toEqual(asked.map((counter, index) => ({ ...counter, used: [3_000, 4_500, 1, 30, 9][index] })))
  expect(await database.rows(countersAndTruth)).toHaveLength(5)

  stream.append(
    charge('first instant', { amounts: { requests: 1, credits: 2_001, bytes: 11, gpu_ms: 3 } }),
    charge('more'),
  )
  // What does not concern a kept counter must not move it either.
  stream.append(
    charge('the day before, later', { at: testDayMs - 1 }),
    charge('the day after, later', { at: testDayMs + 86_400_000 }),
    charge('bob, later', { subjects: [account('bob')] }),
    charge('other partition, later', { subjects: [account('alice', 8)] }),
    charge('gpu, later', { surface: 'gpu', amounts: { requests: 1, credits: 100_000, bytes: 0, gpu_ms: 0 } }),
  )
  await drain(store, stream)
  const again = await store.figures(alice, asked)
  expect(again.counters.map((counter) => counter.used)).toEqual([5_001, 106_501, 2, 41, 12])
  for (const row of await database.rows(countersAndTruth)) expect(row['used']).toBe(row['truth'])
})

test('figures() of a partition that was never read is 0 without checkpoint, and the first drain misses no counter', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  expect(await store.figures(alice, [dayOf('credits')])).toEqual({
    subject: alice,
    checkpoint: undefined,
    counters: [{ ...dayOf('credits'), used: 0 }],
  })
  const stream = listStream()
  stream.append(charge('one'))
  await drain(store, stream)
  expect((await store.figures(alice, [dayOf('credits')])).counters[0]?.used).toBe(1_500)
})

test('figures() without counters still tells the checkpoint', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  await drain(store, listStream('e9'))
  expect(await store.figures(alice, [])).toEqual({
    subject: alice,
    checkpoint: { partition: 7, epoch: 'e9', position: '0' },
    counters: [],
  })
})

describe('figures() asked while a drain is under way answers at once, at the checkpoint before or after it, and no kept counter misses the batch', () => {
  const steps: readonly DrainStep[] = ['locked', 'read', 'merged', 'told', 'moved', 'committed']
  test.each(steps)('at: %s', async (at) => {
    await using database = await openLedgerDatabase()
    const stream = listStream()
    stream.append(charge('one'))
    const plain = createPostgresLedgerStore({ pool: database.pool, observer })
    await drain(plain, stream)
    stream.append(charge('two'))
    const seeds: unknown[] = []
    const watched = createPostgresLedgerStore({
      pool: database.pool,
      observer,
      async onStep(step) {
        if (step !== at) return
        const { checkpoint, counters } = await plain.figures(alice, [dayOf('credits')])
        seeds.push([checkpoint?.position, counters[0]?.used])
      },
    })
    await drain(watched, stream)
    expect(seeds).toEqual([at === 'committed' ? ['2', 3_000] : ['1', 1_500]])
    const after = await plain.figures(alice, [dayOf('credits')])
    expect([after.checkpoint?.position, after.counters[0]?.used]).toEqual(['2', 3_000])
    for (const row of await database.rows(countersAndTruth)) expect(row['used']).toBe(row['truth'])
  })
})

test('the share lock of figures() fails when a whole drain came between the sum and the lock, so nothing old is kept', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  const stream = listStream()
  stream.append(charge('one'))
  await drain(store, stream)
  const client = await database.pool.connect()
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await client.query(ledgerQueries.figures, [7, 'account', 'alice', JSON.stringify([counterRow(dayOf('credits'))])])
  stream.append(charge('two'))
  await drain(store, stream)
  await expect(client.query(ledgerQueries.hold, [7])).rejects.toMatchObject({ code: '40001' })
  await client.query('ROLLBACK')
  client.release()
})

test('many at once: figures of many subjects, drains and cut connections end with every kept counter at the truth', async () => {
  await using database = await openLedgerDatabase()
  const stores = [1, 2].map(() => createPostgresLedgerStore({ pool: database.pool, observer }))
  const stream = listStream()
  const names = ['alice', 'bob', 'carol', 'dave']
  let booked = 0
  const appendSome = () => {
    for (const name of names) {
      booked += 1
      const meta = { ...chargeEntry().meta, account: name }
      stream.append(charge(`${name} ${booked}`, { subjects: [account(name), research], meta }))
    }
  }
  const ignore = () => undefined
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1`
  for (let round = 0; round < 30; round += 1) {
    appendSome()
    await Promise.all([
      ...stores.map((store) => drain(store, stream).catch(ignore)),
      ...names.map((name) =>
        stores[round % 2]?.figures(account(name), [dayOf('credits'), dayOf('requests', 'pypi')]).catch(ignore),
      ),
      stores[0]?.figures(research, [dayOf('bytes'), dayOf('credits')]).catch(ignore),
      round % 3 === 0 ? database.pool.query(cut).catch(ignore) : undefined,
    ])
  }
  for (const store of stores) await drain(store, stream)
  for (const name of names) await stores[0]?.figures(account(name), [dayOf('credits'), dayOf('requests', 'pypi')])
  const rows = await database.rows(countersAndTruth)
  expect(rows.length).toBeGreaterThanOrEqual(2 * names.length)
  for (const row of rows) expect(row).toMatchObject({ used: row['truth'] })
  expect(await database.rows('SELECT count(*)::int AS booked FROM tollgate.usage_entry')).toEqual([{ booked }])
})
