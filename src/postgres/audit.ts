import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import type { AuditedChange, AuditReader } from '../manage/admin-ports.ts'
import { asPolicyFault } from './database-fault.ts'

const query = readFileSync(new URL('./queries/admin-changes.sql', import.meta.url), 'utf8')

interface ChangeRow {
  readonly id: string
  readonly at: Date
  readonly version: number
  readonly by: string
  readonly table_name: string
  readonly key: string
  readonly old: Readonly<Record<string, unknown>> | null
  readonly new: Readonly<Record<string, unknown>> | null
}

/** The change log of policy in PostgreSQL; see `AuditReader`. */
export function createPostgresAudit(pool: Pool): AuditReader {
  return {
    changes: ({ table, key, by, sinceMs, untilMs, after, countMax }) =>
      asPolicyFault(pool, async () => {
        const parameters = [table, key, by, timeOf(sinceMs), timeOf(untilMs), after, countMax]
        return (await pool.query<ChangeRow>(query, parameters)).rows.map(changeOf)
      }),
  }
}

function changeOf({ id, at, version, by, table_name: table, key, ...row }: ChangeRow): AuditedChange {
  return {
    ...{ id, version, by, table, key, atMs: at.getTime() },
    ...(row.old && { old: row.old }),
    ...(row.new && { new: row.new }),
  }
}

function timeOf(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString()
}
