import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rootFolder } from '../../../scripts/state-folder.ts'
import { createPostgresProjectUse } from '../../../src/postgres/project-use.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const hourMs = 3_600_000
const startMs = Date.UTC(2025, 10, 20)
let database: LedgerDatabase

/** Some 3 accounts in two projects over a bit more than a year, one of which was in another department before. */
beforeAll(async () => {
  database = await openLedgerDatabase()
  await book(
    `CASE n % 5 WHEN 0 THEN 'bob' ELSE 'alice' END`,
    'vision',
    `CASE WHEN n < 100 THEN 'sales' ELSE 'research' END`,
  )
  await book(`'sam'`, 'speech', `'research'`)
  await database.rows('SELECT tollgate.fold_usage_moved()')
  // Not folded yet.
  await database.rows(
    `UPDATE tollgate.usage_hour SET credits = credits + 0.125, not_yet_final = 1 WHERE account = 'bob'`,
  )
  await database.rows(
    `INSERT INTO tollgate.usage_hour VALUES ('2026-11-22T09:00Z', 'carol', 'vision', 'research', 'gpu', 'm', 'charged', 1, 0, 1, 7, 1, 3500)`,
  )
})
afterAll(() => database?.[Symbol.asyncDispose]())

/** One request every 17 hours. */
async function book(account: string, project: string, department: string): Promise<void> {
  await database.rows(
    `INSERT INTO tollgate.usage_hour SELECT to_timestamp($1) + n * interval '17 hours', ${account}, $2, ${department},
       CASE n % 3 WHEN 0 THEN 'gpu' ELSE 'pypi' END, 'r' || n % 7, 'charged', 1, 0, 1, n % 11 + 0.001, 1000 + n, n
       FROM generate_series(0, 519) AS n`,
    [startMs / 1_000, project],
  )
}

const truth = `
  SELECT CASE $1 WHEN 'account' THEN account WHEN 'hour' THEN to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') ELSE to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD') END AS key,
         sum(entries)::text AS entries, sum(not_yet_final)::text AS not_yet_final, trim_scale(sum(credits))::text AS credits, sum(bytes)::text AS bytes, sum(gpu_ms)::text AS gpu_ms
    FROM tollgate.usage_hour WHERE project = 'vision' AND hour >= $2 AND hour < $3
   GROUP BY 1 ORDER BY CASE WHEN $1 <> 'account' THEN min(hour) END DESC, sum(credits) DESC, sum(entries) DESC, 1`

/** Hours since the start, so that every kind of edge is there: inside an hour's day, whole days, whole months, across a year. */
const ranges: readonly (readonly [number, number])[] = [
  [0, 9_000],
  [1, 8_999],
  [5, 6],
  [24, 48],
  [30, 40],
  [23, 25],
  [264, 264 + 31 * 24],
  [265, 264 + 31 * 24 - 1],
  [240, 300],
  [263, 265],
  [100, 2_300],
  [264, 2_424],
  [8_800, 8_820],
]

const kinds = ['hour', 'day', 'account'] as const

test.each(kinds)('by %s the sums say what the hours say, whatever the range cuts', async (by) => {
  const use = createPostgresProjectUse(database.pool)
  for (const [since, until] of ranges) {
    const [sinceMs, untilMs] = [startMs + since * hourMs, startMs + until * hourMs]
    const wish = { project: 'vision', sinceMs, untilMs, rowsMax: 10_000 }
    const found = by === 'account' ? await use.byAccount(wish) : await use.byTime({ ...wish, by })
    const expected = await database.rows(truth, [by, new Date(sinceMs), new Date(untilMs)])
    expect({ since, until, rows: found.rows }).toEqual({ since, until, rows: expected })
    expect(found.isCut).toBe(false)
    const credits = expected.reduce((sum, row) => sum + Number(row['credits']), 0)
    expect(Number(found.total.credits)).toBeCloseTo(credits, 3)
  }
})

test('a page has no more rows than wanted, those before an instant, and the total of all', async () => {
  const use = createPostgresProjectUse(database.pool)
  const range = { project: 'vision', sinceMs: startMs, untilMs: startMs + 9_000 * hourMs }
  const whole = await use.byTime({ ...range, by: 'day', rowsMax: 10_000 })
  const page = await use.byTime({ ...range, by: 'day', rowsMax: 3, beforeMs: Date.parse(whole.rows[9]?.key ?? '') })
  expect(page).toEqual({ rows: whole.rows.slice(10, 13), total: whole.total, isCut: true })
  const none = await use.byTime({ ...range, by: 'day', rowsMax: 3, beforeMs: startMs })
  expect(none).toEqual({ rows: [], total: whole.total, isCut: false })
  const first = await use.byAccount({ ...range, rowsMax: 1 })
  expect(first).toMatchObject({ rows: [{ key: 'alice' }], total: whole.total, isCut: true })
  const nobody = await use.byAccount({ ...range, project: 'none', rowsMax: 1 })
  expect(nobody).toMatchObject({ rows: [], total: { entries: '0', credits: '0' }, isCut: false })
})

test.each(kinds)('by %s the hours themselves are not read, and sums by their key', async (by) => {
  const range = ['2025-11-21T05:00Z', '2026-11-21T07:00Z']
  const name = by === 'account' ? 'account' : 'time'
  const query = readFileSync(`${rootFolder}/src/postgres/queries/usage-of-project-by-${name}.sql`, 'utf8')
  const parameters = by === 'account' ? [...range, 100, 'vision'] : [...range, by, 100, 'vision', null]
  const plan = JSON.stringify(await database.rows(`EXPLAIN ${query}`, parameters))
  expect(plan).not.toMatch(/ on usage_hour/)
  expect(plan).not.toMatch(/Seq Scan on usage_(team|payer)_/)
  expect(plan).toMatch(by === 'account' ? /Index Scan using usage_payer_month/ : /Index Scan using usage_team_hour/)
})
