import type { Pool, PoolClient } from 'pg'
import type { BooksUpkeep, UpkeepStep } from '../usage/ports.ts'
import { upkeepQueries as queries } from './ledger-queries.ts'
import { inTransaction } from './transaction.ts'

export interface BooksUpkeepOptions {
  readonly pool: Pool
  /** How long single entries are kept; at least 35, whatever is set. */
  readonly entryDays: number
  /** How long the hours of usage_hour are kept; at least two days longer than the entries, whatever is set. */
  readonly hourDays: number
  /** Rows of one transaction. */
  readonly rowsMax: number
}

/** Two keys of one advisory lock: of several processes one works at a time. */
const lock = 'SELECT pg_try_advisory_xact_lock(7305, 4) AS held'
/** Drains and seeds go first: a step that has to wait for them fails soon and comes again. */
const limits = 'SET LOCAL lock_timeout = 1000; SET LOCAL statement_timeout = 9000'
const detailDays = 30
const subjectDays = 34
const grantsMax = 500

type Work = (client: PoolClient, options: BooksUpkeepOptions) => Promise<number>

/** One row per step: what it does, and whether there may be more when it did `full`. */
const steps: Readonly<Record<UpkeepStep, { readonly work: Work; readonly full: (rowsMax: number) => number }>> = {
  add_days: { work: ask('add-days', () => []), full: never },
  drop_days: { work: ask('drop-days', ({ entryDays }) => [entryDays]), full: () => 1 },
  prune_default: { work: ask('prune-default', ({ entryDays, rowsMax }) => [entryDays, rowsMax]), full: whole },
  coarsen_details: { work: coarsen('details', detailDays), full: () => 1 },
  coarsen_subjects: { work: coarsen('subjects', subjectDays), full: () => 1 },
  coarsen_default: { work: ask('coarsen-default', ({ rowsMax }) => [rowsMax]), full: whole },
  prune_counters: { work: ask('prune-counters', ({ rowsMax }) => [rowsMax]), full: whole },
  prune_subjects: { work: ask('prune-subjects', ({ rowsMax }) => [rowsMax]), full: whole },
  prune_hours: {
    work: ask('prune-hours', ({ entryDays, hourDays, rowsMax }) => [Math.max(entryDays + 2, hourDays), rowsMax]),
    full: whole,
  },
  prune_refusals: { work: ask('prune-refusals', ({ rowsMax }) => [rowsMax]), full: whole },
  prune_links: { work: ask('prune-links', ({ rowsMax }) => [rowsMax]), full: whole },
  prune_grants: { work: ask('prune-grants', ({ rowsMax }) => [grantsOf(rowsMax)]), full: grantsOf },
  heat: { work: ask('heat', () => []), full: never },
}

/** Keeps the books in PostgreSQL small and coarse; see `BooksUpkeep`. Database errors are thrown as they come, nothing half done. */
export function createPostgresUpkeep(options: BooksUpkeepOptions): BooksUpkeep {
  return {
    async step(name) {
      const { work, full } = steps[name]
      return inTransaction(options.pool, 'READ COMMITTED', async (client) => {
        await client.query(limits)
        const { rows } = await client.query<{ held: boolean }>(lock)
        if (rows[0]?.held !== true) return 'busy'
        const done = await work(client, options)
        return { done, hasMore: done >= full(options.rowsMax) }
      })
    },
  }
}

function ask(query: keyof typeof queries, parametersOf: (options: BooksUpkeepOptions) => readonly unknown[]): Work {
  return async (client, options) => {
    const { rows } = await client.query<{ done: number }>(queries[query], [...parametersOf(options)])
    return rows[0]?.done ?? 0
  }
}

/** The day is named to the planner, which then reads that day's table alone. */
function coarsen(step: 'details' | 'subjects', days: number): Work {
  return async (client, { rowsMax }) => {
    const { rows } = await client.query<{ day: string; id: string; partition: number }>(queries['due-day'], [
      step,
      days,
    ])
    const [due] = rows
    if (due === undefined) return 0
    const parameters = [step, due.day, due.id, due.partition, rowsMax]
    return (await client.query<{ done: number }>(queries.coarsen, parameters)).rows[0]?.done ?? 0
  }
}

function whole(rowsMax: number): number {
  return rowsMax
}

/** Every process reads what became of the policy: in small portions. */
function grantsOf(rowsMax: number): number {
  return Math.min(grantsMax, rowsMax)
}

function never(): number {
  return Number.POSITIVE_INFINITY
}
