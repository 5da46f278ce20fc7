import { describe, expect, test } from 'vitest'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { createPostgresUpkeep } from '../../../src/postgres/ledger-upkeep.ts'
import { readResourceHeat } from '../../../src/postgres/resource-heat.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { type BooksUpkeep, type UpkeepStep, upkeepSteps } from '../../../src/usage/ports.ts'
import { account, chargeEntry, listStream } from '../../support/charge-entries.ts'
import { hoursThatDiffer, type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const dayMs = 86_400_000
const nowMs = Date.now()
const address = { kind: 'address', id: '192.0.2.1', partition: 7 } as const

/** Three charges on each of these days before today; every second day with a table of its own. */
async function bookDays(database: LedgerDatabase, daysAgo: readonly number[]): Promise<void> {
  const stream = listStream()
  for (const [place, ago] of daysAgo.entries()) {
    const at = nowMs - ago * dayMs
    const day = new Date(at).toISOString().slice(0, 10)
    if (place % 2 === 0) await database.rows(`SELECT tollgate.add_usage_day('${day}')`)
    stream.append(
      ...[1, 2, 3].map((nth) =>
        chargeEntry({ id: `${nth}.${at.toString(36)}`, at, subjects: [account('alice'), address] }),
      ),
    )
  }
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 1_000 }))
}

async function untilDone(upkeep: BooksUpkeep, steps: readonly UpkeepStep[]): Promise<void> {
  for (const name of steps) {
    for (let answer = await upkeep.step(name); answer !== 'busy' && answer.hasMore; ) answer = await upkeep.step(name)
  }
}

const upkeepOf = (database: LedgerDatabase) =>
  createPostgresUpkeep({ pool: database.pool, entryDays: 90, hourDays: 400, rowsMax: 2 })

const entries = `
  SELECT (now() AT TIME ZONE 'UTC')::date - mint_day AS ago, address, file, subjects, count(*)::int AS rows
    FROM tollgate.usage_entry GROUP BY 1, 2, 3, 4 ORDER BY 1`

test('upkeep keeps single charges whole for 30 days, coarse until 90, and their sums for longer', async () => {
  await using database = await openLedgerDatabase()
  await bookDays(database, [0, 1, 29, 29.9, 31, 32, 35, 36, 88, 89, 92, 93, 120, 410])
  await untilDone(upkeepOf(database), upkeepSteps)
  const rows = await database.rows(entries)
  const whole = {
    address: '192.0.2.1',
    file: 'torch-2.0-py3-none-any.whl',
    subjects: ['account:alice', 'address:192.0.2.1'],
  }
  const coarse = { address: '192.0.2.0/24', file: '' }
  for (const row of rows) {
    const ago = Number(row['ago'])
    expect(ago).toBeLessThan(91)
    if (ago <= 30) expect(row).toMatchObject(whole)
    if (ago >= 31) expect(row).toMatchObject({ ...coarse, rows: 3 })
    if (ago >= 35) expect(row).toMatchObject({ ...coarse, subjects: ['account:alice'] })
  }
  expect(rows.map((row) => row['ago'])).toEqual(expect.arrayContaining([0, 1, 29, 31, 32, 35, 36, 88, 89]))
  const sums = await database.rows(
    'SELECT sum(entries)::int AS entries, count(DISTINCT hour)::int AS hours FROM tollgate.usage_hour',
  )
  expect(sums).toEqual([{ entries: 3 * 13, hours: 13 }])
  const subjects = await database.rows(
    `SELECT max(now() - hour) < interval '34 days' AS young, count(*)::int AS rows FROM tollgate.subject_hour`,
  )
  expect(subjects).toEqual([{ young: true, rows: 2 * 6 }])
  // Once more changes nothing, and the days that are coarse now are not read again.
  await untilDone(upkeepOf(database), upkeepSteps)
  expect(await database.rows(entries)).toEqual(rows)
})

test('drop_days never drops one of the last 35 days, whatever is set', async () => {
  await using database = await openLedgerDatabase()
  await bookDays(database, [0, 0, 34, 34, 37])
  const upkeep = createPostgresUpkeep({ pool: database.pool, entryDays: 1, hourDays: 1, rowsMax: 100 })
  await untilDone(upkeep, upkeepSteps)
  expect((await database.rows(entries)).map((row) => row['ago'])).toEqual([0, 34])
})

test('sums outlive their entries whatever is set, in whatever order the steps come', async () => {
  await using database = await openLedgerDatabase()
  await bookDays(database, [0, 0, 41, 42, 45, 46, 60, 61])
  const upkeep = createPostgresUpkeep({ pool: database.pool, entryDays: 40, hourDays: 35, rowsMax: 100 })
  const hours = async () => (await database.rows('SELECT DISTINCT hour FROM tollgate.usage_hour')).length
  await untilDone(upkeep, ['prune_hours'])
  // Of 0, 41, 45 and 60 days ago, whose entries are in tables of their own; 42, 46 and 61 are in the default.
  expect(await hours()).toBe(4)
  await untilDone(upkeep, ['drop_days', 'prune_default', 'prune_hours'])
  expect((await database.rows(entries)).map((row) => row['ago'])).toEqual([0])
  expect(await hours()).toBe(2)
})

test('a day whose sums are gone is kept and told of, and keeps no other', async () => {
  await using database = await openLedgerDatabase()
  await bookDays(database, [0, 0, 120, 119, 110, 109, 100])
  await database.rows(
    `DELETE FROM tollgate.usage_hour WHERE hour BETWEEN now() - interval '121 days' AND now() - interval '118 days'`,
  )
  const upkeep = upkeepOf(database)
  expect(await upkeep.step('drop_days')).toEqual({ done: 1, hasMore: true })
  expect(await upkeep.step('drop_days')).toEqual({ done: 1, hasMore: true })
  await expect(upkeep.step('drop_days')).rejects.toThrow(/^usage_hour has nothing of .*, so its entries are kept$/)
  await untilDone(upkeep, ['prune_default'])
  expect((await database.rows(entries)).map((row) => row['ago'])).toEqual([0, 120])
})

test('upkeep beside running drains and upkeep of other processes leaves books and sums equal', async () => {
  await using database = await openLedgerDatabase()
  const stream = listStream()
  const stores = [1, 2].map(() => createPostgresLedgerStore({ pool: database.pool, observer }))
  const upkeeps = [1, 2].map(() => upkeepOf(database))
  const ids = Array.from({ length: 60 }, (_, nth) => nth)
  for (const nth of ids) {
    const at = nowMs - (nth % 40) * dayMs
    stream.append(chargeEntry({ id: `${nth}.${at.toString(36)}`, at, subjects: [account('alice')] }))
    const step = upkeepSteps[nth % upkeepSteps.length] ?? 'heat'
    await Promise.all([
      ...stores.map((store) =>
        store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 3 })),
      ),
      ...upkeeps.map((upkeep) => upkeep.step(step)),
    ])
  }
  expect(await database.rows('SELECT count(*)::int AS rows FROM tollgate.usage_entry')).toEqual([{ rows: 60 }])
  const differ = await database.rows(hoursThatDiffer)
  const old = new Date(nowMs - 33 * dayMs).toISOString()
  expect(differ.filter((row) => String((row['row'] as { hour: string }).hour) > old)).toEqual([])
})

test('counters are forgotten three days after an hour or a day, and 35 after a month', async () => {
  await using database = await openLedgerDatabase()
  await database.rows(`
    INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
    SELECT 7, 'account', kind || ago, 'any', 'credits', kind, 'UTC', date_trunc('hour', now()) - (ago + 1) * interval '1 day', date_trunc('hour', now()) - ago * interval '1 day', 1
      FROM unnest(ARRAY['hour', 'day', 'week_mon', 'month']) AS kind, unnest(ARRAY[-0.5, 2, 4, 36]) AS ago`)
  await untilDone(upkeepOf(database), ['prune_counters'])
  const left = await database.rows('SELECT subject_id FROM tollgate.quota_usage ORDER BY 1')
  expect(left.map((row) => row['subject_id'])).toEqual(
    ['day', 'hour', 'month', 'week_mon'].flatMap((kind) =>
      [-0.5, 2, ...(kind.length > 4 ? [4] : [])].map((ago) => `${kind}${ago}`),
    ),
  )
})

test('counters of addresses are forgotten two days after their window, so 34 after it began', async () => {
  await using database = await openLedgerDatabase()
  await database.rows(`
    INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
    SELECT 7, kind, ended::text, 'any', 'credits', 'month', 'UTC', date_trunc('hour', now()) - interval '31 days' - ended, date_trunc('hour', now()) - ended, 1
      FROM unnest(ARRAY['address', 'account']) AS kind, unnest(ARRAY['-1 hour', '46 hours', '49 hours']::interval[]) AS ended`)
  await untilDone(upkeepOf(database), ['prune_counters'])
  const left = await database.rows(
    'SELECT subject_kind AS kind, count(*)::int AS rows FROM tollgate.quota_usage GROUP BY 1 ORDER BY 1',
  )
  expect(left).toEqual([
    { kind: 'account', rows: 3 },
    { kind: 'address', rows: 2 },
  ])
})

describe('heat', () => {
  const use = (
    database: LedgerDatabase,
    resource: string,
    { requests, hoursAgo = 1 }: { requests: number; hoursAgo?: number },
  ) =>
    database.rows(
      `INSERT INTO tollgate.usage_hour VALUES (date_trunc('hour', now(), 'UTC') - $3 * interval '1 hour', 'alice', 'vision', 'research',
         'pypi', $1, 'charged', $2, 0, $2, 0, 0, 0) ON CONFLICT (hour, account, project, department, surface, resource, outcome_class)
       DO UPDATE SET requests = excluded.requests`,
      [resource, requests, hoursAgo],
    )
  const heats = async (database: LedgerDatabase) => {
    await upkeepOf(database).step('heat')
    const rows = await database.rows('SELECT resource, heat FROM tollgate.resource_heat ORDER BY 1')
    return Object.fromEntries(rows.map((row) => [row['resource'], row['heat']]))
  }

  test('follows the requests of the window, and lets go later than it takes', async () => {
    await using database = await openLedgerDatabase()
    await use(database, 'torch', { requests: 999 })
    await use(database, 'numpy', { requests: 1_000 })
    await use(database, 'tiny', { requests: 2 })
    await use(database, 'six', { requests: 3 })
    await use(database, 'old', { requests: 5_000, hoursAgo: 25 })
    await use(database, '', { requests: 5_000 })
    expect(await heats(database)).toEqual({ torch: 'normal', numpy: 'hot', tiny: 'rare', six: 'normal' })
    const [before] = await database.rows(`SELECT since FROM tollgate.resource_heat WHERE resource = 'numpy'`)
    await use(database, 'numpy', { requests: 500 })
    await use(database, 'tiny', { requests: 5 })
    await use(database, 'torch', { requests: 600 })
    expect(await heats(database)).toEqual({ torch: 'normal', numpy: 'hot', tiny: 'rare', six: 'normal' })
    expect(await database.rows(`SELECT since FROM tollgate.resource_heat WHERE resource = 'numpy'`)).toEqual([before])
    await use(database, 'numpy', { requests: 499 })
    await use(database, 'tiny', { requests: 6 })
    expect(await heats(database)).toMatchObject({ numpy: 'normal', tiny: 'normal' })
    expect(await readResourceHeat(database.pool)).toEqual([])
  })

  test('keeps as many resources as are allowed, and those only 30 days after their last request', async () => {
    await using database = await openLedgerDatabase()
    await database.rows(
      `UPDATE tollgate.heat_threshold SET resources_max = 2, hot_from = 10, hot_until = 10, rare_from = 1, rare_until = 1`,
    )
    for (const [resource, requests] of [
      ['a', 10],
      ['b', 30],
      ['c', 20],
    ] as const)
      await use(database, resource, { requests })
    expect(await heats(database)).toEqual({ b: 'hot', c: 'hot' })
    expect(await readResourceHeat(database.pool)).toMatchObject([{ resource: 'b' }, { resource: 'c' }])
    await database.rows(
      `TRUNCATE tollgate.usage_hour; UPDATE tollgate.resource_heat SET seen_at = now() - interval '31 days' WHERE resource = 'c'`,
    )
    expect(await heats(database)).toEqual({ b: 'rare' })
  })
})
