import { readFileSync } from 'node:fs'
import { DatabaseError, type Pool } from 'pg'
import type { Seed, SeededCounter } from '../core/charge.ts'
import type { Subject, SubjectKind } from '../core/subject.ts'
import { subjectName } from '../core/subject.ts'
import type { BooksExam, BooksReport, EntriesReport } from '../doctor/ports.ts'
import type { Observer } from '../telemetry/observer.ts'
import { databaseFault } from './database-fault.ts'
import { lookAtFigures } from './ledger-figures.ts'
import { createPostgresLedgerStore } from './ledger-store.ts'
import { compareMigrations } from './migrate.ts'

const names = ['counters', 'entries', 'report', 'restored', 'subjects']
const [countersQuery, entriesQuery, reportQuery, restoredQuery, subjectsQuery] = names.map((name) =>
  readFileSync(new URL(`./queries/doctor-${name}.sql`, import.meta.url), 'utf8'),
)
const entriesMsMax = 10_000
const tookTooLong = '57014'

/** Looks into the books by statements that only read. */
export function createPostgresBooksExam({
  pool,
  observer,
}: {
  readonly pool: Pool
  readonly observer: Observer
}): BooksExam {
  const { checkpoints } = createPostgresLedgerStore({ pool, observer })
  const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (cause) {
      throw databaseFault(cause, pool.options)
    }
  }
  return {
    checkpoints: () => asked(checkpoints),
    figures: (subject, counters) => asked(() => lookAtFigures(pool, { subject, counters })),
    subjects: (account) => asked(() => readSubjects(pool, account)),
    report: () => asked(() => readReport(pool)),
    entries: () => asked(() => readEntries(pool)),
    counters: ({ account, countMax }) => asked(() => readCounters(pool, [account ?? null, countMax])),
  }
}

interface ReportRow {
  readonly now_ms: number
  readonly format: number
  readonly partitions: number
  readonly history: string
  readonly started_at_ms: number
  readonly knows_restorations: boolean
}

async function readReport(pool: Pool): Promise<BooksReport> {
  const [row] = (await pool.query<ReportRow>(reportQuery ?? '')).rows
  if (row === undefined) throw new RangeError('tollgate.store_meta has no row')
  const [restored] = row.knows_restorations
    ? (await pool.query<{ at_ms: number; history: string }>(restoredQuery ?? '')).rows
    : []
  return {
    ...{ nowMs: row.now_ms, format: row.format, partitions: row.partitions, history: row.history },
    startedAtMs: row.started_at_ms,
    ...(restored && { restored: { atMs: restored.at_ms, history: restored.history } }),
    ...(await compareMigrations(pool)),
  }
}

async function readEntries(pool: Pool): Promise<EntriesReport | undefined> {
  const client = await pool.connect()
  try {
    await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${entriesMsMax}`)
    return (await client.query<EntriesReport>(entriesQuery ?? '')).rows[0]
  } catch (error) {
    if (error instanceof DatabaseError && error.code === tookTooLong) return undefined
    throw error
  } finally {
    await client.query('ROLLBACK').catch(() => undefined)
    client.release()
  }
}

interface SubjectRow {
  readonly partition: number
  readonly subject_kind: SubjectKind
  readonly subject_id: string
}

interface CounterRow extends SubjectRow {
  readonly surface: SeededCounter['surface']
  readonly quantity: SeededCounter['quantity']
  readonly window_kind: SeededCounter['window']
  readonly time_zone: string
  readonly start_ms: number
  readonly end_ms: number
  readonly used: number
  readonly epoch: string | null
  readonly position: string | null
}

async function readCounters(pool: Pool, parameters: readonly unknown[]): Promise<readonly Seed[]> {
  const { rows } = await pool.query<CounterRow>(countersQuery ?? '', [...parameters])
  const subjects = Map.groupBy(rows, (row) => `${row.partition} ${subjectName(subjectOf(row))}`)
  return [...subjects.values()].flatMap((same): readonly Seed[] => {
    const [row] = same
    if (row === undefined) return []
    const { partition, epoch, position } = row
    const checkpoint = epoch === null || position === null ? undefined : { partition, epoch, position }
    return [{ subject: subjectOf(row), checkpoint, counters: same.map(counterOf) }]
  })
}

async function readSubjects(pool: Pool, account: string): Promise<readonly Subject[]> {
  const { rows } = await pool.query<SubjectRow>(subjectsQuery ?? '', [account])
  return rows.map(subjectOf)
}

function subjectOf({ subject_kind: kind, subject_id: id, partition }: SubjectRow): Subject {
  return { kind, id, partition }
}

function counterOf(row: CounterRow): SeededCounter {
  const { surface, quantity, window_kind: window, time_zone: timeZone, start_ms: startMs, end_ms: endMs, used } = row
  return { surface, quantity, window, timeZone, startMs, endMs, used }
}
