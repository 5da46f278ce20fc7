import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { usageQueries } from '../../../src/postgres/ledger-queries.ts'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { createPostgresUsageReader } from '../../../src/postgres/usage-reader.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { chargeEntry, listStream } from '../../support/charge-entries.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const hourMs = 3_600_000
const dayMs = Date.UTC(2026, 10, 22)
const meta = { ...chargeEntry().meta }

/** Alice downloads twice and once nobody reports, bob asks in vain, carol calls the GPU a day later, and one row is not home. */
async function bookUsage(database: LedgerDatabase): Promise<void> {
  const charge = (id: string, over: Parameters<typeof chargeEntry>[0]) =>
    chargeEntry({ id: `${id}.${dayMs.toString(36)}`, ...over })
  const amounts = { requests: 1, credits: 1_500, bytes: 10, gpu_ms: 0 }
  const stream = listStream()
  stream.append(
    charge('one', { at: dayMs + 10, amounts }),
    charge('two', { at: dayMs + hourMs, amounts: { ...amounts, credits: 2_000 }, outcome: 'aborted' }),
    charge('open', {
      at: dayMs + hourMs + 1,
      amounts,
      state: 'open',
      unsettled: true,
      outcome: 'unknown',
      meta: { ...meta, token: 'alice-2' },
    }),
    charge('bob', {
      at: dayMs + 2 * hourMs,
      amounts: { requests: 0, credits: 0, bytes: 0, gpu_ms: 0 },
      outcome: 'client_error',
      meta: { ...meta, account: 'bob', resource: 'numpy' },
    }),
    charge('gpu', {
      at: dayMs + 25 * hourMs,
      amounts: { requests: 1, credits: 5_000, bytes: 3, gpu_ms: 2_500 },
      surface: 'gpu',
      meta: {
        ...meta,
        account: 'carol',
        project: 'speech',
        department: 'labs',
        kind: 'call',
        resource: 'ddcolor',
        file: '',
      },
    }),
    charge('not home', { at: dayMs + 10, amounts, home: 31 }),
  )
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 10 }))
}

async function withUsage(work: (run: Run, database: LedgerDatabase) => Promise<void>): Promise<void> {
  await using database = await openLedgerDatabase()
  await bookUsage(database)
  await work(async (...words) => {
    const context = recordedContext({ usage: async () => createPostgresUsageReader(database.pool) })
    const exitCode = await runCli(['usage', ...words], context)
    return { exitCode, out: context.out(), errors: context.errors() }
  }, database)
}

type Run = (...words: readonly string[]) => Promise<{ exitCode: number; out: string; errors: string }>
const always = ['--since', '2026-11-22', '--until', '2026-11-25']

test('usage sums what was booked by day, with a total, and tells what is not final yet', async () => {
  await withUsage(async (run) => {
    expect(await run(...always)).toEqual({
      exitCode: 0,
      errors: '',
      out: [
        'DAY         REQUESTS  CHARGED  CREDITS  BYTES  GPU S  NOT FINAL  UNSETTLED',
        '2026-11-23  1         1        5        3      2.5    0          0',
        '2026-11-22  4         2        5        30     0      1          1',
        'total       5         3        10       33     2.5    1          1',
        'from 2026-11-22 00:00:00 UTC to 2026-11-25 00:00:00 UTC, whole UTC hours',
        '',
      ].join('\n'),
    })
  })
})

test('usage sums by anything, of anybody, in whole hours, and agrees with usage_hour', async () => {
  await withUsage(async (run, database) => {
    const json = async (...words: string[]) => JSON.parse((await run(...always, ...words, '--output', 'json')).out)
    for (const by of ['hour', 'day', 'resource', 'account', 'project', 'department']) {
      const { rows, total } = await json('--by', by)
      const [truth] = await database.rows(
        'SELECT sum(entries)::float8 AS requests, sum(credits)::float8 AS credits, sum(bytes)::float8 AS bytes FROM tollgate.usage_hour',
      )
      expect(total).toMatchObject(truth ?? {})
      for (const name of ['requests', 'charged', 'credits', 'bytes', 'gpu_seconds', 'not_yet_final', 'unsettled']) {
        expect(rows.reduce((sum: number, row: Record<string, number>) => sum + (row[name] ?? Number.NaN), 0)).toBe(
          total[name],
        )
      }
    }
    expect((await json('--by', 'resource')).rows).toMatchObject([
      { resource: 'torch', surface: 'pypi', requests: 3, credits: 5 },
      { resource: 'ddcolor', surface: 'gpu', gpu_seconds: 2.5 },
      { resource: 'numpy', requests: 1, charged: 0, credits: 0 },
    ])
    expect((await json('--by', 'hour', '--account', 'alice')).rows).toMatchObject([
      { hour: '2026-11-22T01:00Z', requests: 2, unsettled: 1 },
      { hour: '2026-11-22T00:00Z', requests: 1 },
    ])
    expect((await json('--department', 'labs')).total).toMatchObject({ requests: 1, credits: 5 })
    expect((await json('--project', 'speech', '--resource', 'torch')).total).toMatchObject({ requests: 0 })
    expect((await json('--token', 'alice-2')).total).toMatchObject({
      requests: 1,
      unsettled: 1,
      not_yet_final: 1,
      credits: 1.5,
    })
    const cut = JSON.parse(
      (await run('--since', '2026-11-22T01:30Z', '--until', '2026-11-22T02:00:00.001Z', '--output', 'json')).out,
    )
    expect(cut).toMatchObject({
      since: '2026-11-22T01:00:00.000Z',
      until: '2026-11-22T03:00:00.000Z',
      total: { requests: 3 },
    })
  })
})

test('usage --entries lists single requests, the latest first, and says what is open', async () => {
  await withUsage(async (run) => {
    const { out } = await run(...always, '--entries', '--account', 'alice')
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 8))).toMatchObject([
      ['AT', 'ACCOUNT', 'TOKEN', 'REQUEST', 'OUTCOME', 'STATE', 'CREDITS', 'BYTES'],
      [
        '2026-11-22 01:00:00 UTC',
        'alice',
        'alice-2',
        'pypi artifact torch torch-2.0-py3-none-any.whl',
        'unknown',
        'unsettled',
        '1.5',
        '10',
      ],
      ['2026-11-22 01:00:00 UTC', 'alice', 'alice-1', expect.anything(), 'aborted', 'final', '2', '10'],
      ['2026-11-22 00:00:00 UTC', 'alice', 'alice-1', expect.anything(), 'delivered', 'final', '1.5', '10'],
      [''],
    ])
    const { rows, is_cut: isCut } = JSON.parse(
      (await run(...always, '--entries', '--output', 'json', '--rows', '2')).out,
    )
    expect([rows.length, isCut]).toEqual([2, true])
    expect(rows[0]).toMatchObject({
      account: 'carol',
      credits: 5,
      bytes: 3,
      gpu_seconds: 2.5,
      state: 'final',
      unsettled: false,
    })
  })
})

test('usage knows a package in any spelling, and a model only as it is written', async () => {
  await withUsage(async (run) => {
    const requests = async (...words: string[]) => JSON.parse((await run(...always, ...words, '--output', 'json')).out)
    expect((await requests('--resource', 'NumPy')).total).toMatchObject({ requests: 1 })
    expect((await requests('--resource', 'Torch', '--token', 'alice-2')).total).toMatchObject({ requests: 1 })
    expect((await requests('--resource', 'NUMPY', '--entries')).rows).toHaveLength(1)
    expect((await requests('--resource', 'ddcolor', '--entries')).rows).toHaveLength(1)
    expect((await requests('--resource', 'DDColor', '--entries')).rows).toHaveLength(0)
  })
})

test('single requests, and sums of a token, are read from the days asked for alone, each with indexes by time and by token', async () => {
  await using database = await openLedgerDatabase()
  await database.rows(
    `SELECT tollgate.add_usage_day(day::date) FROM generate_series('2026-09-01'::date, '2026-11-22', '1 day') AS day`,
  )
  const range = ['2026-10-01T00:00:00.000Z', '2026-10-03T00:00:00.000Z']
  const who = [null, null, null, null]
  const read = async (query: string, parameters: readonly unknown[]) => {
    const plan = JSON.stringify(await database.rows(`EXPLAIN (COSTS OFF)\n${query}`, parameters))
    expect(plan).not.toMatch(/Subplans Removed/)
    return [...new Set(plan.match(/usage_entry_(\d{4}_\d\d_\d\d|default)/g))].sort()
  }
  const days = ['2026_09_30', '2026_10_01', '2026_10_02', '2026_10_03', '2026_10_04']
  const tables = [...days, 'default'].map((day) => `usage_entry_${day}`)
  expect(await read(usageQueries.entries, [...range, 51, ...who, null, null])).toEqual(tables)
  expect(await read(usageQueries.entries, [...range, 51, ...who, 'alice-1', null])).toEqual(tables)
  expect(await read(usageQueries.usage, [...range, 'day', 51, ...who, 'alice-1', null, null])).toEqual(tables)
  const indexes = await database.rows(
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'tollgate' AND tablename = 'usage_entry_2026_10_01' ORDER BY 1`,
  )
  const defined = indexes.map((row) => String(row['indexdef']).replace(/^.* USING /, ''))
  expect(defined).toEqual(expect.arrayContaining(['btree (at) WHERE is_home', 'btree (token, at) WHERE is_home']))
})

test('usage says when there is more than it shows, and its total is still over all', async () => {
  await withUsage(async (run) => {
    const { out } = await run(...always, '--by', 'account', '--rows', '1')
    expect(out).toContain('There are more than these 1: ask for less, or for more lines by --rows.\n')
    expect(out).toMatch(/^total +5 /m)
    expect((await run('--since', '2020-01-01', '--until', '2020-02-01')).out).toBe(
      'nothing was booked from 2020-01-01 00:00:00 UTC to 2020-02-01 00:00:00 UTC\n',
    )
    expect((await run('--account', 'nobody', '--entries')).out).toMatch(/^nothing was booked from /)
  })
})

test.each([
  [['--since', 'yesterday'], 'Write a UTC day such as 2026-11-22'],
  [['--since', '2026-13-41'], 'Write a UTC day such as 2026-11-22'],
  [['--since', '2026-02-31'], 'Write a UTC day such as 2026-11-22'],
  [['--until', '2026-02-29T10:00Z'], 'Write a UTC day such as 2026-11-22'],
  [['--since', '999999d'], 'Write a time from 1970 to 9999'],
  [['--since', '0000-01-01'], 'Write a time from 1970 to 9999'],
  [
    ['--since', '2026-11-22', '--until', '2026-11-22'],
    '--until 2026-11-22T00:00:00.000Z is not after --since 2026-11-22T00:00:00.000Z',
  ],
  [['--by', 'week'], 'Allowed choices are hour, day, resource, account, project, department'],
  [['--by', 'hour', '--entries'], "Option '--by <what>' cannot be used with option '--entries'"],
  [['--rows', '0'], 'Write a whole number from 1 to 10000'],
  [['--rows', '10001'], 'Write a whole number from 1 to 10000'],
  [['--person', 'alice'], "Unknown option '--person'"],
])('usage %j is refused in a sentence', async (words, sentence) => {
  const context = recordedContext({ usage: async () => Promise.reject(new Error('not asked')) })
  expect(await runCli(['usage', ...words], context)).toBe(2)
  expect(context.errors()).toContain(sentence)
  expect(context.errors()).toMatch(/^tollgate: [^\n]+ See tollgate --help\.\n$/)
})
