import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { chargeEntry, listStream } from '../../support/charge-entries.ts'
import { createDatabase } from '../../support/databases.ts'
import { hoursThatDiffer, openLedgerDatabase } from '../../support/ledger-database.ts'

const folder = new URL('../../../src/postgres/migrations/', import.meta.url)

/** As a release left it that had none of the migrations from `end` on. */
async function migrateBefore(client: pg.Client, end: string): Promise<void> {
  const first = readFileSync(new URL('../queries/policy-migration.sql', folder), 'utf8')
  await client.query(first)
  for (const name of readdirSync(folder).sort()) {
    if (name >= end) continue
    const text = readFileSync(new URL(name, folder), 'utf8')
    await client.query(text)
    await client.query('INSERT INTO tollgate.migration (name, checksum) VALUES ($1, $2)', [name, hash('sha256', text)])
  }
}

const manyRows = `
  INSERT INTO tollgate.usage_entry
  SELECT day::date, 'r' || n, (n % 2)::smallint, n % 3 > 0, day + n * interval '11 minutes', 'a' || n % 5, 'vision', 'research', 't', '192.0.2.1',
         'mirror', CASE WHEN n % 7 = 0 THEN 'gpu' ELSE 'pypi' END, 'artifact', 'p' || n % 4, 'f', (ARRAY['delivered', 'unknown', 'head', 'undelivered'])[1 + n % 4],
         CASE WHEN n % 4 = 1 THEN 'open' ELSE 'final' END, n % 4 = 1, 1, n / 8.0, n, 0, ARRAY['account:a' || n % 5, 'department:research']
    FROM unnest(ARRAY['1970-01-01', now() - interval '31 days', now() - interval '1 day', now(), now() + interval '30 days']::timestamptz[]) AS day,
         generate_series(1, 200) AS n`

test('the migration to days keeps every row and sums the hours of what is there', async () => {
  await using database = await createDatabase({ migrated: false })
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await migrateBefore(client, '0101')
  await client.query(manyRows)
  const all = 'SELECT to_jsonb(e.*)::text AS row FROM tollgate.usage_entry e ORDER BY 1'
  const before = (await client.query(all)).rows
  await client.query(`DELETE FROM tollgate.migration WHERE name >= '0101'`)
  await migrate(client)
  expect((await client.query(all)).rows).toEqual(before)
  const differ = (await client.query(hoursThatDiffer)).rows
  // Hours of subjects are kept for 34 days: of 1970 they are missing, and of nothing else.
  expect(differ.length).toBeGreaterThan(0)
  for (const row of differ) expect(row).toMatchObject({ is: 'missing', row: { hour: expect.stringMatching(/^1970/) } })
  const tables = await client.query(
    `SELECT count(DISTINCT tableoid)::int AS days FROM tollgate.usage_entry WHERE tableoid <> 'tollgate.usage_entry_default'::regclass`,
  )
  expect(tables.rows).toEqual([{ days: 3 }])
  await client.end()
})

test('a day without a table is booked into the default, and moves out of it when it gets one, also while it is being booked', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  const stream = listStream()
  const day = Date.UTC(2031, 4, 5)
  const drain = () => store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 10 }))
  const where = `SELECT (SELECT relname FROM pg_class WHERE oid = e.tableoid) AS place, count(*)::int AS rows FROM tollgate.usage_entry e GROUP BY 1 ORDER BY 1`
  for (let nth = 0; nth < 30; nth += 1) {
    stream.append(chargeEntry({ id: `${nth}.${day.toString(36)}`, at: day }))
    const added =
      nth === 15
        ? database.rows(`SELECT tollgate.add_usage_day('2031-05-05') AS added`)
        : Promise.resolve([{ added: true }])
    expect(await Promise.all([added, drain()])).toMatchObject([[{ added: true }], { merged: 1 }])
    if (nth === 10) expect(await database.rows(where)).toEqual([{ place: 'usage_entry_default', rows: 11 }])
  }
  expect(await database.rows(where)).toEqual([{ place: 'usage_entry_2031_05_05', rows: 30 }])
  stream.startEpoch('again', [chargeEntry({ id: `3.${day.toString(36)}`, at: day })])
  await drain()
  expect(await database.rows(where)).toEqual([{ place: 'usage_entry_2031_05_05', rows: 30 }])
  expect(await database.rows(hoursThatDiffer)).toEqual([])
})

test('add_usage_day() leaves a day in the default of which it holds more than may be moved', async () => {
  await using database = await openLedgerDatabase()
  await database.rows(manyRows)
  const days = await database.rows(
    `SELECT tollgate.add_usage_day('1970-01-01', 199) AS more, tollgate.add_usage_day('1970-01-01', 200) AS as_many`,
  )
  expect(days).toEqual([{ more: false, as_many: true }])
})

test('drop_usage_days() drops the oldest whole days before a day, passes over one whose sums are gone, and fails when no other is left', async () => {
  await using database = await openLedgerDatabase()
  await database.rows(`SELECT tollgate.add_usage_day('2026-01-01'::date + n) FROM generate_series(0, 4) AS n`)
  const stream = listStream()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  const at = Date.UTC(2026, 0, 2, 5)
  stream.append(chargeEntry({ id: `r.${at.toString(36)}`, at }))
  await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 10 }))
  const drop = (most: number) => database.rows(`SELECT tollgate.drop_usage_days('2026-01-04', ${most}) AS dropped`)
  expect(await drop(1)).toEqual([{ dropped: 1 }])
  await database.rows('CREATE TABLE kept AS TABLE tollgate.usage_hour; TRUNCATE tollgate.usage_hour')
  expect(await drop(9)).toEqual([{ dropped: 1 }])
  await expect(drop(9)).rejects.toThrow('usage_hour has nothing of 2026-01-02, so its entries are kept')
  expect(await database.rows('SELECT count(*)::int AS rows FROM tollgate.usage_entry')).toEqual([{ rows: 1 }])
  await database.rows('INSERT INTO tollgate.usage_hour TABLE kept')
  expect(await drop(9)).toEqual([{ dropped: 1 }])
  expect(await drop(9)).toEqual([{ dropped: 0 }])
  expect(await database.rows('SELECT requests::int FROM tollgate.usage_hour')).toEqual([{ requests: 1 }])
})

test('coarse_address() keeps a /24 of IPv4, a /48 of IPv6 and nothing of anything else', async () => {
  await using database = await openLedgerDatabase()
  const given = [
    '192.0.2.77',
    '192.0.2.0/24',
    '2001:db8:1:2::/64',
    '2001:db8:1::/48',
    '::1',
    'unknown',
    '',
    'a:b c',
    '1:2',
    '1.2.3.4:5',
  ]
  const rows = await database.rows('SELECT tollgate.coarse_address(a) AS is FROM unnest($1::text[]) AS a', [given])
  expect(rows.map(({ is }) => is)).toEqual([
    '192.0.2.0/24',
    '192.0.2.0/24',
    '2001:db8:1::/48',
    '2001:db8:1::/48',
    '::/48',
    '',
    '',
    '',
    '',
    '',
  ])
})
