import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import type { IdempotencyKeys, KeyState } from '../portal/ports.ts'
import { asPolicyFault } from './database-fault.ts'

const beginQuery = readFileSync(new URL('./queries/idempotency-begin.sql', import.meta.url), 'utf8')
const held = 'caller = $1 AND key = $2 AND held_by = $3 AND status IS NULL'
const endQuery = `UPDATE tollgate.idempotency_key SET status = $4, body = $5 WHERE ${held}`
const forgetQuery = `DELETE FROM tollgate.idempotency_key WHERE ${held}`
const forgetOldQuery = `DELETE FROM tollgate.idempotency_key WHERE (caller, key) IN (SELECT caller, key FROM tollgate.idempotency_key
  WHERE created_at < now() - interval '1 day' ORDER BY created_at LIMIT $1)`
/** By rate limits alone a caller could leave a million a day. */
const keysMax = 10_000
const forgetMax = 10_000

interface Row {
  readonly held_by: string | null
  readonly fingerprint: string
  readonly status: number | null
  readonly body: string | null
  readonly created_at: Date
}

/** Keys in PostgreSQL, and how the old ones go; see `IdempotencyKeys`. */
export function createPostgresIdempotencyKeys(pool: Pool): IdempotencyKeys & {
  /** Deletes a bounded number of those that are older than a day. */ forgetOld(): Promise<number>
} {
  return {
    begin: ({ caller, key, holder }, fingerprint) =>
      asPolicyFault(pool, async () => {
        const { rows } = await pool.query<Row>(beginQuery, [caller, key, fingerprint, holder, keysMax])
        return stateOf(rows[0], { fingerprint, holder })
      }),
    end: ({ caller, key, holder }, { status, body }) =>
      asPolicyFault(pool, async () => {
        await pool.query(endQuery, [caller, key, holder, status, body])
      }),
    forget: ({ caller, key, holder }) =>
      asPolicyFault(pool, async () => {
        await pool.query(forgetQuery, [caller, key, holder])
      }),
    forgetOld: () =>
      asPolicyFault(pool, async () => {
        return (await pool.query(forgetOldQuery, [forgetMax])).rowCount ?? 0
      }),
  }
}

function stateOf(
  row: Row | undefined,
  { fingerprint, holder }: { readonly fingerprint: string; readonly holder: string },
): KeyState {
  if (row === undefined) return { kind: 'full' }
  if (row.held_by === holder) return { kind: 'new' }
  if (row.fingerprint !== fingerprint) return { kind: 'other' }
  if (row.status === null) return { kind: 'working', sinceMs: row.created_at.getTime() }
  return { kind: 'done', status: row.status, body: row.body ?? '' }
}
