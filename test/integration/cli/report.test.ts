import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createPostgresReportReader } from '../../../src/postgres/report-reader.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'
import { people } from '../../support/report-books.ts'

/** Two days of alice and carol, one of somebody who is gone, one package that looks like a formula. */
const books = `${people}
  INSERT INTO tollgate.credit_price (id, department, price, currency, starts_at) VALUES
    ('research', 'research', 0.125, 'CNY', '2026-11-01T00:00Z');
  INSERT INTO tollgate.usage_hour VALUES
    ('2026-11-21T15:00Z', 'alice', 'vision', 'research', 'pypi', 'torch', 'charged', 2, 0, 2, 10.5, 2000000, 0),
    ('2026-11-21T16:00Z', 'alice', 'vision', 'research', 'pypi', '=cmd()', 'charged', 1, 1, 1, 0.001, 7, 0),
    ('2026-11-22T01:00Z', 'gone', 'vision', 'research', 'pypi', 'torch', 'charged', 4, 0, 4, 3, 5, 0),
    ('2026-11-22T02:00Z', 'carol', 'optics', 'labs', 'gpu', 'ddcolor', 'charged', 1, 0, 1, 9007199254740993.125, 1, 2500);`
const always = ['--since', '2026-11-21', '--until', '2026-11-23']

async function withBooks(work: (run: Run, database: LedgerDatabase) => Promise<void>): Promise<void> {
  await using database = await openLedgerDatabase()
  await database.pool.query(books)
  await work(async (...words) => {
    const context = recordedContext({ report: async () => createPostgresReportReader(database.pool) })
    const exitCode = await runCli(['report', ...words], context)
    return { exitCode, out: context.out(), errors: context.errors() }
  }, database)
}

type Run = (...words: readonly string[]) => Promise<{ exitCode: number; out: string; errors: string }>

test('report sums what was charged, tells what nobody is left for, and what it costs', async () => {
  await withBooks(async (run) => {
    expect(await run(...always, '--by', 'department,account')).toEqual({
      exitCode: 0,
      errors: '',
      out: [
        'DEPARTMENT  ACCOUNT         REQUESTS  CREDITS               BYTES    GPU S  CNY       UNPRICED CREDITS',
        'labs        carol           1         9007199254740993.125  1        2.5    0         9007199254740993.125',
        'research    alice           3         10.501                2000007  0      1.312625  0',
        'research    (unattributed)  4         3                     5        0      0.375     0',
        '(total)                     8         9007199254741006.626  2000013  2.5    1.687625  9007199254740993.125',
        'from 2026-11-21 00:00:00 UTC to 2026-11-23 00:00:00 UTC, whole UTC hours',
        '1 of the requests are not final yet',
        '',
      ].join('\n'),
    })
  })
})

test('report cuts days at midnight of the zone, and says what rows beyond --rows add up to', async () => {
  await withBooks(async (run) => {
    const zone = ['--zone', 'Asia/Shanghai', '--since', '2026-11-21', '--until', '2026-11-23']
    const { out } = await run(...zone, '--by', 'day,account', '--department', 'research')
    expect(
      out
        .split('\n')
        .slice(1, 4)
        .map((line) => line.trim().split(/\s+/).slice(0, 4)),
    ).toEqual([
      ['2026-11-21', 'alice', '2', '10.5'],
      ['2026-11-22', 'alice', '1', '0.001'],
      ['2026-11-22', '(unattributed)', '4', '3'],
    ])
    expect(out).toContain('days and months of Asia/Shanghai')
    const cut = JSON.parse((await run(...always, '--by', 'account', '--rows', '1', '--output', 'json')).out)
    expect(cut.rows).toMatchObject([{ account: null, requests: 4 }])
    expect(cut.others).toMatchObject({ rows: 2, requests: 4, money: { CNY: 1.312625 } })
    expect(cut.total).toMatchObject({ requests: 8, gpu_seconds: 2.5 })
  })
})

test('report --output json has numbers in all their digits', async () => {
  await withBooks(async (run) => {
    const { out } = await run(...always, '--by', 'model', '--surface', 'gpu', '--output', 'json')
    expect(out).toContain('"credits": 9007199254740993.125')
    expect(JSON.parse(out)).toMatchObject({
      since: '2026-11-21T00:00:00.000Z',
      until: '2026-11-23T00:00:00.000Z',
      time_zone: 'UTC',
      by: ['model'],
      rows: [{ model: 'ddcolor', requests: 1 }],
      others: null,
    })
  })
})

test('report --output csv is RFC 4180 and safe to open', async () => {
  await withBooks(async (run) => {
    const { out } = await run(...always, '--by', 'package', '--department', 'research', '--output', 'csv')
    expect(out).toBe(
      [
        'package,requests,not_yet_final,credits,bytes,gpu_seconds,money_CNY,unpriced_credits',
        'torch,6,0,13.5,2000005,0,1.6875,0',
        "'=cmd(),1,1,0.001,7,0,0.000125,0",
        '',
      ].join('\r\n'),
    )
  })
})

test('report of nothing says so', async () => {
  await withBooks(async (run) => {
    const { out } = await run('--since', '2020-01-01', '--until', '2020-01-02', '--account', 'alice')
    expect(out).toBe('nothing was booked from 2020-01-01 00:00:00 UTC to 2020-01-02 00:00:00 UTC\n')
  })
})

test.each([
  [['--by', 'department,colour'], /Write one or more of month, day, department/],
  [['--by', 'day,month'], /by day or by month, not by both/],
  [['--by', 'account,account'], /by each key once/],
  [['--zone', 'Mars/Base'], /Write UTC or the name of a time zone/],
  [['--rows', '10001'], /whole number from 1 to 10000/],
  [['--since', '2026-11-22', '--until', '2026-11-21'], /is not after --since/],
  [['--since', '1970-01-01', '--by', 'day'], /at most 1000 days or months/],
  [['--since', '300d', '--by', 'account,package'], /name --account or --project/],
  [['--surface', 'disk'], /Allowed choices are pypi, gpu/],
] as const)('report refuses %j in one sentence', async (words, sentence) => {
  await withBooks(async (run) => {
    const { exitCode, out, errors } = await run(...words)
    expect([exitCode > 0, out]).toEqual([true, ''])
    expect(errors).toMatch(sentence)
    expect(errors.trim().split('\n')).toHaveLength(1)
  })
})
