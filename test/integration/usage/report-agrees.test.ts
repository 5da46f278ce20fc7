import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { sumOfDecimals } from '../../../src/core/decimal.ts'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { createPostgresReportReader } from '../../../src/postgres/report-reader.ts'
import { createPostgresUsageSums } from '../../../src/postgres/usage-sums.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { makeReport, type Report } from '../../../src/usage/report.ts'
import type { ReportKey, ReportWish } from '../../../src/usage/report-ports.ts'
import { chargeEntry, listStream } from '../../support/charge-entries.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'
import { changeHours, createDraw, people } from '../../support/report-books.ts'

const fromMs = Date.UTC(2026, 7, 28)
const hours = 45 * 24

const groupings: readonly (readonly ReportKey[])[] = [
  [],
  ['department'],
  ['department', 'project', 'account'],
  ['account'],
  ['package'],
  ['department', 'model'],
  ['surface'],
  ['month', 'department'],
  ['day'],
  ['month', 'account'],
]

const prices = `
  INSERT INTO tollgate.credit_price (id, department, surface, price, currency, starts_at) VALUES
    ('all', NULL, NULL, 0.01, 'CNY', '2026-01-01T00:00Z'), ('later', NULL, NULL, 0.0125, 'CNY', '2026-09-10T05:00Z'),
    ('gpu', NULL, 'gpu', 0.3, 'USD', '2026-09-01T00:00Z'), ('labs', 'labs', NULL, 0.007, 'CNY', '2026-09-15T13:00Z'),
    ('labs-gpu', 'labs', 'gpu', 0, 'EUR', '2026-10-01T00:00Z');`

/** By the rule of the COMMENT, written another way: hour by hour. */
const truth = `
  SELECT coalesce(sum(h.entries), 0)::text AS entries, coalesce(trim_scale(sum(h.credits)), 0)::text AS credits, coalesce(sum(h.bytes), 0)::text AS bytes,
         coalesce(sum(h.gpu_ms), 0)::text AS gpu_ms, coalesce(trim_scale(sum(h.credits) FILTER (WHERE p.currency IS NULL)), 0)::text AS unpriced,
         coalesce(trim_scale(sum(h.credits * p.price) FILTER (WHERE p.currency = 'CNY')), 0)::text AS cny,
         coalesce(trim_scale(sum(h.credits * p.price) FILTER (WHERE p.currency = 'USD')), 0)::text AS usd
    FROM tollgate.usage_hour h
    LEFT JOIN LATERAL (
         SELECT price, currency FROM tollgate.credit_price c
          WHERE coalesce(c.department, h.department) = h.department AND coalesce(c.surface, h.surface) = h.surface AND c.starts_at <= h.hour
          ORDER BY (c.department IS NOT NULL)::int * 2 + (c.surface IS NOT NULL)::int DESC, c.starts_at DESC LIMIT 1) AS p ON true
   WHERE h.hour >= $1 AND h.hour < $2 AND ($3::text IS NULL OR h.department = $3) AND ($4::text IS NULL OR h.account = $4)`

/** The rows and the others are the total, to the last digit. */
function expectAddedUp({ rows, others, total }: Report): void {
  const parts = others === undefined ? rows : [...rows, others]
  for (const name of ['entries', 'not_yet_final', 'credits', 'bytes', 'gpu_ms', 'unpriced'] as const)
    expect(sumOfDecimals(parts.map((part) => part[name]))).toBe(sumOfDecimals([total[name]]))
  for (const currency of new Set(parts.flatMap(({ money }) => Object.keys(money))))
    expect(sumOfDecimals(parts.map(({ money }) => money[currency] ?? '0'))).toBe(total.money[currency] ?? '0')
}

async function expectTrue(database: LedgerDatabase, report: Report): Promise<void> {
  const { sinceMs, untilMs, department = null, account = null } = report.wish
  const range = [new Date(sinceMs).toISOString(), new Date(untilMs).toISOString()]
  const [expected] = await database.rows(truth, [...range, department, account])
  const { total } = report
  const { CNY: cny = '0', USD: usd = '0' } = total.money
  const { entries, credits, bytes, gpu_ms, unpriced } = total
  expect({ entries, credits, bytes, gpu_ms, unpriced, cny, usd }).toEqual(expected)
}

describe.each([1, 2, 3])('reports of random books (%i)', (seed) => {
  test('say exactly what usage_hour holds, by anything, over any range, folded or not', async () => {
    await using database = await openLedgerDatabase()
    await database.pool.query(people + prices)
    const draw = createDraw(seed)
    const reader = createPostgresReportReader(database.pool)
    const sums = createPostgresUsageSums(database.pool)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      for (let round = 0; round < 6; round += 1) {
        await changeHours(client, { draw, fromMs, hours, count: 25 })
        if (draw(2) === 0) await sums.fold(1 + draw(40))
        const [one, other] = [draw(hours), draw(hours)].sort((a, b) => a - b)
        const wish: ReportWish = {
          by: groupings[draw(groupings.length)] ?? [],
          timeZone: draw(2) === 0 ? 'UTC' : 'Asia/Shanghai',
          sinceMs: fromMs + (one ?? 0) * 3_600_000 + draw(3_600_000),
          untilMs: fromMs + ((other ?? 0) + 1) * 3_600_000,
          rowsMax: 1 + draw(12),
          ...(draw(4) === 0 && { department: 'research' }),
          ...(draw(4) === 0 && { account: 'alice' }),
        }
        const report = await makeReport(reader, wish)
        expectAddedUp(report)
        await expectTrue(database, report)
      }
      while ((await sums.fold(50)) > 0);
      const kept = await database.rows(
        `SELECT (SELECT sum(credits) FROM tollgate.usage_team_month)::text AS months, (SELECT sum(credits) FROM tollgate.usage_resource_day)::text AS days,
                (SELECT sum(credits) FROM tollgate.usage_hour)::text AS hours`,
      )
      expect(kept[0]?.['months']).toBe(kept[0]?.['hours'])
      expect(kept[0]?.['days']).toBe(kept[0]?.['hours'])
    } finally {
      await client.end()
    }
  })
})

test('reports stay between what the books held before and after, while ledgers drain and sums are folded', async () => {
  await using database = await openLedgerDatabase()
  const reader = createPostgresReportReader(database.pool)
  const sums = createPostgresUsageSums(database.pool)
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  const booked = async () =>
    Number((await database.rows('SELECT coalesce(sum(entries), 0) AS n FROM tollgate.usage_hour'))[0]?.['n'])
  let isOver = false
  const drain = async (partition: number) => {
    const stream = listStream()
    for (let batch = 0; batch < 15; batch += 1) {
      const at = Date.UTC(2026, 10, 22, batch)
      stream.append(
        ...Array.from({ length: 20 }, (_, index) =>
          chargeEntry({ id: `p${partition}b${batch}i${index}.${at.toString(36)}`, at, partition, home: partition }),
        ),
      )
      await store.drain(partition, (checkpoint) => stream.charges({ partition, checkpoint, countMax: 100 }))
    }
  }
  const fold = async () => {
    while (!isOver) await sums.fold(7)
  }
  const look = async () => {
    const wish = { by: ['month', 'account'], timeZone: 'UTC', rowsMax: 10 } as const
    let looks = 0
    while (!isOver) {
      const before = await booked()
      const report = await makeReport(reader, {
        ...wish,
        sinceMs: Date.UTC(2026, 9, 3, 5),
        untilMs: Date.UTC(2026, 11, 1),
      })
      const after = await booked()
      const told = Number(report.total.entries)
      expect([before <= told, told <= after]).toEqual([true, true])
      looks += 1
    }
    return looks
  }
  const [looks] = await Promise.all([
    look(),
    fold(),
    Promise.all([3, 4, 7].map(drain)).finally(() => {
      isOver = true
    }),
  ])
  expect(looks).toBeGreaterThan(1)
  expect(await booked()).toBe(900)
})

test('folding again, rebuilding and emptying the books leave the sums as the books are', async () => {
  await using database = await openLedgerDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await changeHours(client, { draw: createDraw(5), fromMs, hours: 48, count: 20 })
    await client.query('SELECT tollgate.fold_usage_moved()')
    const month = () =>
      database.rows(
        'SELECT start_at, p.account, entries, credits::float8 FROM tollgate.usage_payer_month m JOIN tollgate.usage_payer p ON p.id = m.payer ORDER BY 1, 2, m.credits',
      )
    const folded = await month()
    expect(folded.length).toBeGreaterThan(3)
    await client.query('SELECT tollgate.rebuild_usage_sums()')
    expect(await month()).toEqual(folded)
    await client.query('DELETE FROM tollgate.usage_hour')
    await client.query('SELECT tollgate.fold_usage_moved()')
    expect(await month()).toEqual([])
    for (const names of ['usage_payer', 'usage_team', 'usage_department', 'usage_resource'])
      expect(await database.rows(`SELECT FROM tollgate.${names}`)).toEqual([])
    await changeHours(client, { draw: createDraw(6), fromMs, hours: 48, count: 5 })
    await client.query('TRUNCATE tollgate.usage_hour')
    expect(await database.rows('SELECT FROM tollgate.usage_moved')).toEqual([])
  } finally {
    await client.end()
  }
})
