import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { Fault } from '../core/fault.ts'
import type { RefusalCount, RefusalPage, RefusalReader } from '../usage/refusal-ports.ts'
import { asPolicyFault } from './database-fault.ts'

const query = readFileSync(new URL('./queries/refusal-list.sql', import.meta.url), 'utf8')
/** Beyond these PostgreSQL has no times that JavaScript has. */
const timeMsMax = 8e12

interface RefusalRow {
  readonly id: string
  readonly hour_ms: number
  readonly account: string
  readonly project: string
  readonly department: string
  readonly surface: RefusalCount['surface']
  readonly resource: string
  readonly limit_name: string
  readonly cause: RefusalCount['cause']
  readonly count: number
  readonly first_at_ms: number
  readonly last_at_ms: number
}

/** What was refused, from PostgreSQL; see `RefusalReader`. */
export function createPostgresRefusalReader(pool: Pool): RefusalReader {
  return {
    async of(page) {
      const parameters = parametersOf(page)
      const found = await asPolicyFault(pool, async () => (await pool.query<RefusalRow>(query, parameters)).rows)
      const rows = found.slice(0, page.countMax)
      const last = rows.at(-1)
      return {
        rows: rows.map(countOf),
        ...(found.length > rows.length && last && { next: `${last.hour_ms}-${last.id}` }),
      }
    },
  }
}

function parametersOf({ account, project, sinceMs, untilMs, after, countMax }: RefusalPage): unknown[] {
  const [since, until] = [sinceMs, untilMs].map((atMs) => {
    if (!(Math.abs(atMs) <= timeMsMax))
      throw new Fault('not_valid', 'This is not a time that there could be refusals of')
    return new Date(atMs).toISOString()
  })
  for (const id of [account, project]) {
    if (id !== undefined && !/^[a-z0-9._-]{1,64}$/.test(id))
      throw new Fault('not_valid', 'This is no id of an account or project')
  }
  return [account, project, since, until, ...placeOf(after), countMax + 1]
}

/** A cursor says only where: whoever may not see what was asked for does not learn it from there. */
function placeOf(cursor: string | undefined): readonly (string | null)[] {
  if (cursor === undefined) return [null, null]
  const [, hourMs, id] = /^(\d{1,15})-(\d{1,18})$/.exec(cursor) ?? []
  if (hourMs === undefined || id === undefined || Number(hourMs) > timeMsMax)
    throw new Fault('not_valid', 'This is not where a page of refusals ended')
  return [hourMs, id]
}

function countOf(row: RefusalRow): RefusalCount {
  const { account, project, department, surface, resource, cause, count } = row
  return {
    ...{ account, project, department, surface, resource, cause, count },
    hourMs: row.hour_ms,
    limitName: row.limit_name,
    firstAtMs: row.first_at_ms,
    lastAtMs: row.last_at_ms,
  }
}
