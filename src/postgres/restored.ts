import type { Pool } from 'pg'
import { databaseFault } from './database-fault.ts'

export interface Restoration {
  readonly atMs: number
  readonly history: string
  readonly version: number
}

/** Tells the database that it was restored from a backup; see the SQL function. Throws a `Fault` when it cannot be asked. */
export async function restored(pool: Pool): Promise<Restoration> {
  try {
    const { rows } = await pool.query<{ at: Date; new_history: string; version: string }>(
      'SELECT at, new_history, version FROM tollgate.restored()',
    )
    const [row] = rows
    return { atMs: row?.at.getTime() ?? 0, history: row?.new_history ?? '', version: Number(row?.version ?? 0) }
  } catch (cause) {
    throw databaseFault(cause, pool.options)
  }
}
