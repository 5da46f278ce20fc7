import { expect, test } from 'vitest'
import { createPostgresUpkeep } from '../../../src/postgres/ledger-upkeep.ts'
import { createPool } from '../../../src/postgres/pool.ts'
import { createPostgresRefusalLog } from '../../../src/postgres/refusal-log.ts'
import { createPostgresRefusalReader } from '../../../src/postgres/refusal-reader.ts'
import type { RefusalCount } from '../../../src/usage/refusal-ports.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const hourMs = 3_600_000
const nowHourMs = Math.floor(Date.now() / hourMs) * hourMs

function refusal(over: Partial<RefusalCount> = {}): RefusalCount {
  return {
    ...{
      hourMs: nowHourMs,
      account: 'alice',
      project: 'vision',
      department: 'research',
      surface: 'pypi',
      resource: 'torch',
    },
    ...{ limitName: 'daily', cause: 'quota', count: 1, firstAtMs: nowHourMs + 5, lastAtMs: nowHourMs + 5 },
    ...over,
  }
}

test('what several processes refuse adds up, with the first and the last time, whatever the order', async () => {
  await using database = await openLedgerDatabase()
  const log = createPostgresRefusalLog(database.pool)
  const names = Array.from({ length: 200 }, (_, index) => `package-${index}`)
  const rows = (firstAtMs: number) =>
    names.map((resource) => refusal({ resource, count: 2, firstAtMs, lastAtMs: firstAtMs + 10 }))
  await Promise.all([
    log.add(rows(nowHourMs + 500)),
    log.add(rows(nowHourMs + 100).toReversed()),
    log.add(rows(nowHourMs + 900)),
  ])
  const reader = createPostgresRefusalReader(database.pool)
  const { rows: found } = await reader.of({
    account: 'alice',
    sinceMs: nowHourMs,
    untilMs: nowHourMs + hourMs,
    countMax: 1_000,
  })
  expect(found).toHaveLength(200)
  expect(found[0]).toEqual(
    refusal({ resource: 'package-0', count: 6, firstAtMs: nowHourMs + 100, lastAtMs: nowHourMs + 910 }),
  )
})

test('RefusalReader.of() gives every row once over its pages, the latest hour first, and only whose was asked for', async () => {
  await using database = await openLedgerDatabase()
  const log = createPostgresRefusalLog(database.pool)
  const hours = [0, 1, 2].map((ago) => nowHourMs - ago * hourMs)
  await log.add([
    ...hours.flatMap((hour) => ['a', 'B', 'c/:"%'].map((resource) => refusal({ hourMs: hour, resource }))),
    refusal({ hourMs: nowHourMs - 40 * hourMs }),
    refusal({ account: 'bob', project: 'speech' }),
  ])
  const reader = createPostgresRefusalReader(database.pool)
  const wish = { project: 'vision', sinceMs: nowHourMs - 3 * hourMs, untilMs: nowHourMs + hourMs, countMax: 2 }
  const pages: RefusalCount[][] = []
  const cursors: string[] = []
  let after: string | undefined
  do {
    const page = await reader.of({ ...wish, ...(after !== undefined && { after }) })
    pages.push([...page.rows])
    after = page.next
    if (after !== undefined) cursors.push(after)
  } while (after !== undefined && pages.length < 20)
  const all = pages.flat()
  expect(pages.map((page) => page.length)).toEqual([2, 2, 2, 2, 1])
  expect(all.map((row) => row.hourMs)).toEqual(hours.flatMap((hour) => [hour, hour, hour]))
  expect(new Set(all.map((row) => JSON.stringify(row))).size).toBe(9)
  expect(cursors).toEqual(cursors.map(() => expect.stringMatching(/^\d+-\d+$/)))
})

test.each([
  ['a cursor of nonsense', { after: 'nonsense' }],
  ['a cursor with SQL', { after: '1-1; DROP TABLE tollgate.plan' }],
  ['a cursor with a NUL character', { after: '1-\u0000' }],
  ['a cursor of a time there is not', { after: '999999999999999-1' }],
  ['a cursor beyond all numbers', { after: `1-${'9'.repeat(40)}` }],
  ['an account with SQL', { account: "x' OR true --" }],
  ['a time there is not', { sinceMs: Number.NaN }],
  ['a time beyond all', { untilMs: 1e300 }],
])('RefusalReader.of() refuses %s', async (_, wish) => {
  await using database = await openLedgerDatabase()
  const reader = createPostgresRefusalReader(database.pool)
  await expect(reader.of({ sinceMs: 0, untilMs: nowHourMs, countMax: 10, ...wish })).rejects.toMatchObject({
    code: 'not_valid',
  })
})

test('RefusalLog.add() says for certain that nothing was written while the database is away or refuses', async () => {
  const away = createPool('postgres://tollgate@127.0.0.1:1/none', () => undefined)
  await expect(createPostgresRefusalLog(away).add([refusal()])).rejects.toMatchObject({
    code: 'policy_unavailable',
    uncertain: false,
  })
  await away.end()
  await using database = await openLedgerDatabase()
  await database.pool.query('ALTER TABLE tollgate.refusal_hour RENAME TO refusal_hour_before')
  const log = createPostgresRefusalLog(database.pool)
  await expect(log.add([refusal()])).rejects.toMatchObject({ code: 'policy_unavailable', uncertain: false })
})

test('RefusalLog.add() does not know what became of rows whose COMMIT was not answered', async () => {
  await using database = await openLedgerDatabase()
  await database.pool.query(`
    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(600); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON tollgate.refusal_hour DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()`)
  const pool = createPool(database.url, () => undefined)
  pool.on('connect', (client) => void client.query('SET statement_timeout = 0'))
  const sockets: { destroy(): void }[] = []
  pool.on('connect', (client) => {
    const { connection } = client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
    sockets.push(connection.stream)
  })
  const adding = createPostgresRefusalLog(pool)
    .add([refusal()])
    .catch((error: unknown) => error)
  const isCommitting = async () =>
    (await database.rows("SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'")).length === 1
  while (!(await isCommitting())) await database.rows('SELECT pg_sleep(0.01)')
  for (const socket of sockets) socket.destroy()
  expect(await adding).toMatchObject({ code: 'policy_unavailable', uncertain: true })
  await database.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
  await pool.end()
})

test('upkeep forgets what was refused 35 days ago, and links that were over a week ago', async () => {
  await using database = await openLedgerDatabase()
  const log = createPostgresRefusalLog(database.pool)
  await log.add([refusal(), ...[34, 36, 40, 50].map((days) => refusal({ hourMs: nowHourMs - days * 24 * hourMs }))])
  await database.pool.query(`
    INSERT INTO tollgate.department (id) VALUES ('research'); INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
    INSERT INTO tollgate.plan (id) VALUES ('free'); INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'vision', 'free'), ('bob', 'vision', 'free');
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 1, 'day');
    INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, amount, ends_at) VALUES ('r', 'alice', 'daily', 'alice', 1, now() + interval '1 day');
    INSERT INTO tollgate.decision_link (digest, request, decider, created_at, expires_at)
    SELECT repeat(n::text, 64), 'r', 'bob', now() - make_interval(days => n), now() - make_interval(days => n) + interval '1 hour' FROM generate_series(6, 9) AS many (n)`)
  const upkeep = createPostgresUpkeep({ pool: database.pool, entryDays: 90, hourDays: 400, rowsMax: 2 })
  expect([await upkeep.step('prune_refusals'), await upkeep.step('prune_refusals')]).toEqual([
    { done: 2, hasMore: true },
    { done: 1, hasMore: false },
  ])
  expect(await database.rows('SELECT count(*)::int AS left FROM tollgate.refusal_hour')).toEqual([{ left: 2 }])
  expect(await upkeep.step('prune_links')).toEqual({ done: 2, hasMore: true })
  expect(await database.rows('SELECT left(digest, 1) AS days FROM tollgate.decision_link ORDER BY 1')).toEqual([
    { days: '6' },
    { days: '7' },
  ])
})
