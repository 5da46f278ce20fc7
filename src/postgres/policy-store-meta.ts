import type pg from 'pg'
import { Fault } from '../core/fault.ts'
import { policyQueries } from './policy-queries.ts'

const FORMAT = 1

/** What was fixed when Tollgate was installed. */
export interface StoreMeta {
  readonly partitions: number
  readonly format: number
  /** Secret: 32 bytes that sign tickets when the settings name no key. */
  readonly ticketKey: Buffer
}

/** Throws a `Fault` of code `wrong_store_format` when the data was made by a release of another format. */
export async function readStoreMeta(client: pg.ClientBase | pg.Pool): Promise<StoreMeta> {
  const { rows } = await client.query<{ partitions: number; format: number; ticket_key: string }>(
    policyQueries['store-meta'],
  )
  const [row] = rows
  if (row === undefined) throw new Fault('wrong_store_format', 'The table store_meta is empty: run tollgate migrate')
  if (row.format !== FORMAT) {
    throw new Fault('wrong_store_format', `The data has format ${row.format}, this release knows format ${FORMAT}`)
  }
  return { partitions: row.partitions, format: row.format, ticketKey: Buffer.from(row.ticket_key, 'hex') }
}
