import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { Fault } from '../core/fault.ts'
import type { RefusalCount, RefusalPage, RefusalReader } from '../usage/refusal-ports.ts'
import { asPolicyFault } from './database-fault.ts'

const query = readFileSync(new URL('./queries/refusal-list.sql', import.meta.url), 'utf8')
const cursorLengthMax = 2_000
/** Beyond these PostgreSQL has no times that JavaScript has. */
const timeMsMax = 8e12

interface RefusalRow {
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
      const rows = found.slice(0, page.countMax).map(countOf)
      const last = rows.at(-1)
      return { rows, ...(found.length > rows.length && last && { next: cursorOf(last) }) }
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
  return [account, project, since, until, after === undefined ? null : keyOf(after), countMax + 1]
}

function cursorOf({ hourMs, account, surface, resource, limitName, cause }: RefusalCount): string {
  return Buffer.from(JSON.stringify([hourMs, account, surface, resource, limitName, cause])).toString('base64url')
}

/** The cursor's JSON, if it can be one of ours. */
function keyOf(cursor: string): string {
  try {
    const text = Buffer.from(cursor.slice(0, cursorLengthMax), 'base64url').toString()
    const [hourMs, ...names]: readonly unknown[] = JSON.parse(text)
    const areNames = names.length === 5 && names.every((name) => typeof name === 'string' && !/\p{Cc}/u.test(name))
    if (typeof hourMs === 'number' && Math.abs(hourMs) <= timeMsMax && areNames)
      return JSON.stringify([hourMs, ...names])
  } catch {
    // Said below.
  }
  throw new Fault('not_valid', 'This is not where a page of refusals ended')
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
