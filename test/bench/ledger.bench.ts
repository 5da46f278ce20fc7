import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type ChargeFiller, openChargeFiller } from './support/charge-filler.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { pin } from './support/processes.ts'

const rounds = 3
const chargesPerRound = 40_000
const pacedPerSecond = 5_000
const pacedMs = 10_000
const ledgerCore = 0
const restCore = 1

/**
 * How fast one ledger books what Redis holds and tells the levels that are crossed, against plainly copying the same rows and against not
 * watching for levels, and how far it lags behind 5,000 charges a second.
 */
export async function run(): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack()
  const dataFolder = createScratchFolder('bench-ledger-postgres')
  const database = await startEmbeddedPostgres({ binariesFolder: bundledPostgresFolder, dataFolder, fsync: true })
  stack.defer(() => database.stop())
  const redis = await startRedis({ dataFolder: createScratchFolder('bench-ledger-redis') })
  stack.defer(() => redis.stop())
  await pin(redis.pid, restCore)
  await pin(process.pid, restCore)
  await migrate(database.url)
  const sql = new pg.Client({ connectionString: database.url })
  await sql.connect()
  stack.defer(() => sql.end())
  await sql.query(peopleAndLimits)
  const filler = await openChargeFiller(redis.url)
  stack.defer(() => filler.close())
  const urls = [database.url, redis.url]
  await filler.fill(2_000)
  await drainOnce([...urls, 'once', 'plain'])
  await keepCounters(sql)

  const speeds: number[] = []
  const ratios: number[] = []
  const watchedRatios: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    await filler.fill(chargesPerRound)
    const plain = await drainOnce([...urls, 'once', 'plain'])
    await filler.fill(chargesPerRound)
    const { merged, ms } = await drainOnce([...urls, 'once', 'watched'])
    if (merged !== chargesPerRound) throw new Error(`The ledger booked ${merged} of ${chargesPerRound}`)
    watchedRatios.push(ms / plain.ms)
    speeds.push((merged * 1_000) / ms)
    ratios.push(ms / (await copyMs(sql)))
  }
  const lag = await pacedLag(sql, filler, urls)
  return [
    figureOf('ledger.charges_per_s', '1/s', speeds),
    figureOf('ledger.copy_ratio', 'x', ratios),
    figureOf('ledger.watched_ratio', 'x', watchedRatios),
    { figure: 'ledger.lag_ms.max', value: lag.max, min: lag.min, max: lag.max, unit: 'ms' },
  ]
}

/** Who pays for what the filler appends, with a day's quota that most accounts use up while this runs, and wider ones around them. */
const peopleAndLimits = `
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.department (id) SELECT 'department-' || n FROM generate_series(0, 15) AS n;
  INSERT INTO tollgate.project (id, department) SELECT 'project-' || n, 'department-' || n % 16 FROM generate_series(0, 79) AS n;
  INSERT INTO tollgate.account (id, project, plan) SELECT 'account-' || n, 'project-' || n % 80, 'free' FROM generate_series(0, 399) AS n;
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone) VALUES
    ('a', 'account-day', 'quota', 'credits', 'account', 500, 'day', 'UTC'),
    ('m', 'account-month', 'quota', 'credits', 'account', 1000000, 'month', 'UTC'),
    ('p', 'project-day', 'quota', 'credits', 'project', 2000, 'day', 'UTC'),
    ('d', 'department-month', 'quota', 'credits', 'department', 50000, 'month', 'UTC')`

/** Every account's and department's day is kept in quota_usage, as after some first spends. */
async function keepCounters(sql: pg.Client): Promise<void> {
  await sql.query(`
    INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
    SELECT partition, split_part(subject, ':', 1), split_part(subject, ':', 2), 'any', 'credits', kind, 'UTC', date_trunc(kind, now(), 'UTC'),
           date_trunc(kind, now(), 'UTC') + ('1 ' || kind)::interval, sum(credits)
      FROM tollgate.subject_hour, unnest(ARRAY['day', 'month']) AS kind GROUP BY 1, 2, 3, 6`)
}

/** The last round's rows again, by one statement into a table without index. */
async function copyMs(sql: pg.Client): Promise<number> {
  await sql.query('CREATE UNLOGGED TABLE source AS SELECT * FROM tollgate.usage_entry ORDER BY at DESC LIMIT 40000')
  await sql.query('CREATE TABLE plain (LIKE source)')
  const startedMs = performance.now()
  await sql.query('INSERT INTO plain SELECT * FROM source')
  const ms = performance.now() - startedMs
  await sql.query('DROP TABLE plain, source')
  return ms
}

interface Booked {
  readonly merged: number
  readonly ms: number
}

async function drainOnce(words: readonly string[]): Promise<Booked> {
  const ledger = startLedger(words)
  for await (const line of ledger.lines) {
    const said = JSON.parse(line) as Partial<Booked> & { readonly event?: string }
    if (said.event !== undefined) throw new Error(line)
    if (said.merged !== undefined && said.ms !== undefined) {
      if (process.env['BENCH_DETAILS'] !== undefined) console.log(line)
      return { merged: said.merged, ms: said.ms }
    }
  }
  throw new Error('The ledger ended without a word')
}

/** The longest time from a charge's append until a reader of PostgreSQL finds it booked, looked at every 100 ms. */
async function pacedLag(
  sql: pg.Client,
  filler: ChargeFiller,
  urls: readonly string[],
): Promise<{ max: number; min: number }> {
  const ledger = startLedger([...urls, 'run', 'watched'])
  const before = await bookedCount(sql)
  const sent: { readonly count: number; readonly atMs: number }[] = []
  const startedMs = performance.now()
  const lags: number[] = []
  let count = 0
  const look = async () => {
    const booked = (await bookedCount(sql)) - before
    const waiting = sent.find((one) => one.count > booked)
    lags.push(waiting === undefined ? 0 : performance.now() - waiting.atMs)
    return booked
  }
  while (performance.now() - startedMs < pacedMs) {
    const due = Math.floor(((performance.now() - startedMs) * pacedPerSecond) / 1_000)
    if (due > count) {
      await filler.fill(due - count)
      count = due
      sent.push({ count, atMs: performance.now() })
    }
    await look()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  while ((await look()) < count && performance.now() - startedMs < 3 * pacedMs)
    await new Promise((resolve) => setTimeout(resolve, 20))
  ledger.child.kill('SIGTERM')
  return { max: Math.round(Math.max(...lags)), min: Math.round(Math.min(...lags)) }
}

/** By the sums, because counting the entries would cost more than booking them. */
async function bookedCount(sql: pg.Client): Promise<number> {
  const { rows } = await sql.query<{ entries: string }>('SELECT sum(entries) AS entries FROM tollgate.usage_hour')
  return Number(rows[0]?.entries ?? 0)
}

function startLedger(words: readonly string[]) {
  const script = join(import.meta.dirname, 'support/ledger-child.ts')
  const child = spawn('taskset', ['-c', String(ledgerCore), process.execPath, script, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, lines: createInterface({ input: child.stdout }) }
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
