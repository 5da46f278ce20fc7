import { readFileSync } from 'node:fs'
import type { Pool, PoolClient } from 'pg'
import type { WindowKind } from '../core/limit.ts'
import type { Quantity } from '../core/quantity.ts'
import { hashedPartition, type SubjectKind, type Surface } from '../core/subject.ts'
import type { CounterLevels, EndedLevels, HeldLevels, LevelBooks, RenamedLevel } from '../usage/level-ports.ts'
import type { StandingLevel } from '../usage/ports.ts'
import { addAlertEvents } from './alert-events.ts'
import { storable } from './ledger-row.ts'
import { inTransaction } from './transaction.ts'

const textOf = (name: string): string => readFileSync(new URL(`./queries/${name}.sql`, import.meta.url), 'utf8')
const [countersOfSql, countersSql, uncountedSql, endSql, holdSql, renameSql] = [
  textOf('level-counters-of'),
  textOf('level-counters'),
  textOf('level-uncounted'),
  textOf('level-end'),
  textOf('level-hold'),
  textOf('level-rename'),
]
const limits = 'SET LOCAL lock_timeout = 1000; SET LOCAL statement_timeout = 5000'

/** Begins the names of the pages that come after those of all counters. */
const uncounted = 'uncounted:'

interface CounterRow {
  readonly id: string | null
  readonly subject_kind: SubjectKind
  readonly subject_id: string
  readonly surface: Surface | 'any'
  readonly quantity: Quantity
  readonly window_kind: WindowKind
  readonly time_zone: string
  readonly start_ms: number
  readonly end_ms: number
  readonly used: string
  readonly standing:
    | readonly (Pick<StandingLevel, 'id' | 'limit' | 'percent' | 'amount'> & { readonly rule: string | null })[]
    | null
}

/** The levels in PostgreSQL; see `LevelBooks`. Database errors are thrown as they come, nothing half done. */
export function createPostgresLevelBooks(pool: Pool): LevelBooks {
  return {
    async countersOf(subjects, nowMs) {
      const asked = subjects.map(({ partition, kind, id }) => ({ partition, kind, id: storable(id) }))
      const parameters = [JSON.stringify(asked), new Date(nowMs)]
      return (await pool.query<CounterRow>(countersOfSql, parameters)).rows.map(levelsOf)
    },
    counters({ after = '0', countMax, nowMs }) {
      const isCounted = !after.startsWith(uncounted)
      const page = { after: isCounted ? after : after.slice(uncounted.length), countMax, nowMs }
      return isCounted ? countedPage(pool, page) : uncountedPage(pool, page)
    },
    settle: ({ ended, renamed, held, events }) =>
      inTransaction(pool, 'READ COMMITTED', async (client) => {
        await client.query(limits)
        const told = await end(client, ended)
        await rename(client, renamed)
        await hold(client, held)
        return addAlertEvents(client, [...told, ...events])
      }),
  }
}

interface Page {
  readonly after: string
  readonly countMax: number
  readonly nowMs: number
}

async function countedPage(pool: Pool, { after, countMax, nowMs }: Page) {
  const { rows } = await pool.query<CounterRow>(countersSql, [after, new Date(nowMs), countMax])
  return { rows: rows.map(levelsOf), next: rows.length < countMax ? uncounted : (rows.at(-1)?.id ?? uncounted) }
}

async function uncountedPage(pool: Pool, { after, countMax, nowMs }: Page) {
  const everyone = hashedPartition('everyone')
  const { rows } = await pool.query<CounterRow>(uncountedSql, [after, new Date(nowMs), countMax, everyone])
  const last = rows.length < countMax ? undefined : rows.at(-1)?.id
  return { rows: rows.map(levelsOf), ...(last && { next: `${uncounted}${last}` }) }
}

/** What is told of those that this call ended; what another process ended is told by that one. */
async function end(client: PoolClient, levels: readonly EndedLevels[]) {
  if (levels.length === 0) return []
  // In one order, so that two processes never wait for each other in a circle.
  const ids = levels.flatMap((one) => one.ids).sort()
  const { rows } = await client.query<{ id: string }>(endSql, [ids])
  const done = new Set(rows.map(({ id }) => id))
  return levels.flatMap((one) => {
    const ended = one.ids.filter((id) => done.has(id))
    return (ended.length > 0 ? one.eventOf?.(ended) : undefined) ?? []
  })
}

async function rename(client: PoolClient, levels: readonly RenamedLevel[]): Promise<void> {
  if (levels.length > 0) await client.query(renameSql, [JSON.stringify(levels)])
}

async function hold(client: PoolClient, levels: readonly HeldLevels[]): Promise<void> {
  const rows = levels.flatMap(({ ids, amount }) => ids.map((id) => ({ id, amount })))
  if (rows.length > 0) await client.query(holdSql, [JSON.stringify(rows)])
}

function levelsOf(row: CounterRow): CounterLevels {
  const subject = { kind: row.subject_kind, id: row.subject_id }
  return {
    subject,
    surface: row.surface,
    quantity: row.quantity,
    window: row.window_kind,
    timeZone: row.time_zone,
    startMs: row.start_ms,
    endMs: row.end_ms,
    used: Math.min(Number(row.used), Number.MAX_SAFE_INTEGER),
    standing: (row.standing ?? []).map(({ rule, ...level }) => ({
      ...{ ...level, subject, startMs: row.start_ms },
      ...(rule !== null && { rule }),
    })),
  }
}
