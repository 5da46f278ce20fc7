import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { Fault } from '../core/fault.ts'
import { partitionCount } from '../core/subject.ts'
import { databaseFault } from './database-fault.ts'

/** What is fixed when Tollgate is installed. */
export interface StoreMeta {
  /** Signs tickets when the settings name no key: 32 bytes. Secret. */
  readonly ticketKey: Uint8Array
  /** Names this installation to its store; the same in a restored dump. */
  readonly installation: string
}

const formatKnown = 1

/**
 * Reads what was fixed at install. Throws a `Fault`: `policy_unavailable` while the database cannot be read (transient, unless the user,
 * password or database of the URL is wrong), `wrong_store_format` when the store belongs to a release of another data format.
 */
export async function readStoreMeta(pool: Pool): Promise<StoreMeta> {
  const row = await readRow(pool)
  if (row.format !== formatKnown || row.partitions !== partitionCount) {
    throw new Fault(
      'wrong_store_format',
      `This database has data format ${row.format} with ${row.partitions} partitions; this release knows format ${formatKnown} with ${partitionCount}`,
    )
  }
  const ticketKey = Buffer.from(row.ticket_key, 'hex')
  return { ticketKey, installation: installationOf(ticketKey) }
}

/** The name of the installation whose database holds this key, from which nobody can tell the key. */
export function installationOf(ticketKey: Uint8Array): string {
  return createHash('sha256').update('tollgate installation\0').update(ticketKey).digest('hex').slice(0, 16)
}

interface MetaRow {
  readonly format: number
  readonly partitions: number
  readonly ticket_key: string
}

async function readRow(pool: Pool): Promise<MetaRow> {
  try {
    const { rows } = await pool.query<MetaRow>('SELECT format, partitions, ticket_key FROM tollgate.store_meta')
    if (rows[0] !== undefined) return rows[0]
  } catch (cause) {
    throw databaseFault(cause, pool.options)
  }
  throw new Fault('wrong_store_format', 'tollgate.store_meta has no row')
}
