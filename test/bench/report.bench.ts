import { readFileSync } from 'node:fs'
import pg from 'pg'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { createPostgresReportReader } from '../../src/postgres/report-reader.ts'
import { makeReport } from '../../src/usage/report.ts'
import type { ReportWish } from '../../src/usage/report-ports.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { fillYearOfUse } from './support/year-of-use.ts'

const runs = 5
const dayMs = 86_400_000
/** A year that cuts a day, a month and a price at either end. */
const [sinceMs, untilMs] = [Date.UTC(2025, 9, 16, 11), Date.UTC(2026, 9, 15, 11)]
const zone = { timeZone: 'Asia/Shanghai' }

/** One row per report: what people ask for, and the dearest that is not refused. */
const wishes: Readonly<Record<string, Partial<ReportWish>>> = {
  total: {},
  departments: { by: ['department'] },
  departments_projects: { by: ['department', 'project'] },
  accounts: { by: ['account'] },
  departments_projects_accounts: { by: ['department', 'project', 'account'] },
  packages: { by: ['package'] },
  models: { by: ['model'] },
  departments_packages: { by: ['department', 'package'] },
  months_accounts: { by: ['month', 'account'] },
  months_accounts_of_a_zone: { by: ['month', 'account'], ...zone, sinceMs: untilMs - 240 * dayMs },
  months_packages: { by: ['month', 'package'] },
  days_departments: { by: ['day', 'department'] },
  days_of_a_zone: { by: ['day'], ...zone, sinceMs: untilMs - 220 * dayMs },
  days_accounts: { by: ['day', 'account'], sinceMs: untilMs - 20 * dayMs },
  days_accounts_of_a_zone: { by: ['day', 'account'], ...zone, sinceMs: untilMs - 9 * dayMs },
  packages_of_an_account: { by: ['package'], account: 'account-7' },
  accounts_packages_of_a_project: {
    by: ['account', 'package'],
    project: 'project-7',
    sinceMs: untilMs - 200 * dayMs,
  },
  accounts_packages_of_three_days: { by: ['account', 'package'], sinceMs: untilMs - 3 * dayMs },
}

/** How long reports over 10,000,000 rows of usage_hour take, each from the call to its rows; checked against usage_hour itself. */
export async function run(): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack()
  const dataFolder = createScratchFolder('bench-report')
  const database = await startEmbeddedPostgres({ binariesFolder: bundledPostgresFolder, dataFolder, fsync: false })
  stack.defer(() => database.stop())
  await migrate(database.url)
  const sql = new pg.Client({ connectionString: database.url })
  await sql.connect()
  stack.defer(() => sql.end())
  const rows = await fillYearOfUse(sql)
  const pool = createPool(database.url, () => undefined)
  stack.defer(() => pool.end())
  const reader = createPostgresReportReader(pool)
  const { rows: backends } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const [figures, processor]: [Figure[], Figure[]] = [[], []]
  for (const [name, over] of Object.entries(wishes)) {
    const wish = { by: [], timeZone: 'UTC', sinceMs, untilMs, rowsMax: 100, ...over } satisfies ReportWish
    const samples: number[] = []
    const processorSamples: number[] = []
    for (let turn = 0; turn <= runs; turn += 1) {
      const startedMs = performance.now()
      const startedProcessorMs = processorMs(backends[0]?.pid)
      const { total } = await makeReport(reader, wish)
      // The first one reads what is not in memory yet.
      if (turn > 0) {
        samples.push(performance.now() - startedMs)
        processorSamples.push(processorMs(backends[0]?.pid) - startedProcessorMs)
      } else if (over.by?.length === 1) await expectTotal(sql, wish, total.credits)
    }
    figures.push(figureOf(`report.ms.${name}`, 'ms', samples))
    processor.push(figureOf(`report.cpu_ms.${name}`, 'ms', processorSamples))
  }
  return [
    ...figures,
    ...processor,
    { ...largest(processor), figure: 'report.cpu_ms.max' },
    { ...largest(figures), figure: 'report.ms.max' },
    { figure: 'report.rows', value: rows, min: rows, max: rows, unit: '1' },
  ]
}

function largest([first, ...others]: readonly Figure[]): Figure {
  if (first === undefined) throw new Error('There is no figure')
  return others.reduce((one, other) => (other.value > one.value ? other : one), first)
}

/** What a process has computed since its start; unlike the time on the clock it hardly grows when others want the processor. */
function processorMs(pid = 0): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}

async function expectTotal(sql: pg.Client, wish: ReportWish, credits: string): Promise<void> {
  const range = [new Date(wish.sinceMs).toISOString(), new Date(wish.untilMs).toISOString()]
  const { rows } = await sql.query<{ credits: string }>(
    'SELECT coalesce(trim_scale(sum(credits)), 0)::text AS credits FROM tollgate.usage_hour WHERE hour >= $1 AND hour < $2 AND ($3::text IS NULL OR account = $3)',
    [...range, wish.account],
  )
  if (rows[0]?.credits !== credits)
    throw new Error(`A report says ${credits} credits where the books say ${rows[0]?.credits}`)
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
