import type { Pool, PoolClient } from 'pg'
import type { Checkpoint } from '../core/charge.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { ChargeBatch, LedgerStore, LedgerWatch } from '../usage/ports.ts'
import { readFigures } from './ledger-figures.ts'
import { ledgerQueries } from './ledger-queries.ts'
import { ledgerRow } from './ledger-row.ts'
import { type BatchWatching, createBatchWatching, drainMsMax, type MovedRow } from './ledger-watching.ts'
import { inTransaction } from './transaction.ts'

/** Where a drain stands; tests stop the ledger there. */
export type DrainStep = 'locked' | 'read' | 'merged' | 'told' | 'moved' | 'committed'

export interface LedgerStoreOptions {
  readonly pool: Pool
  readonly observer: Observer
  /** What is to be told of when charges are booked, in the same transaction; absent: nothing. */
  readonly watch?: LedgerWatch
  /** Awaited after each step. */
  readonly onStep?: (step: DrainStep, partition: number) => Promise<void> | void
}

const idsTold = 10

interface CheckpointRow {
  readonly partition: number
  readonly epoch: string | null
  readonly position: string | null
}

/**
 * A drain that hangs (a frozen process, a store that never answers) loses its connection and with it the lock, so another ledger can go on;
 * whatever it does later fails. Milliseconds.
 */
const drainLimits = `SET LOCAL lock_timeout = 2000; SET LOCAL statement_timeout = ${drainMsMax}; SET LOCAL idle_in_transaction_session_timeout = 5000`

/** The books in PostgreSQL; see `LedgerStore` for what it promises. Database errors are thrown as they come, nothing half done. */
export function createPostgresLedgerStore(options: LedgerStoreOptions): LedgerStore {
  const { pool, observer, watch } = options
  const watching = watch && createBatchWatching({ watch, observer, nowMs: () => performance.now() })
  return {
    async drain(partition, read) {
      const { merged, checkpoint, watched, ...booked } = await inTransaction(pool, 'READ COMMITTED', (client) =>
        drainWith({ client, partition, read, options, watching }),
      )
      watched?.committed()
      await options.onStep?.('committed', partition)
      tell(observer, booked)
      return { merged, checkpoint }
    },
    figures: (subject, counters) => readFigures(pool, { subject, counters }),
    async checkpoints() {
      const { rows } = await pool.query<CheckpointRow>(ledgerQueries.checkpoints)
      return rows.flatMap((row) => checkpointOf(row) ?? [])
    },
  }
}

interface Drain {
  readonly client: PoolClient
  readonly partition: number
  readonly read: (checkpoint: Checkpoint | undefined) => Promise<ChargeBatch>
  readonly options: LedgerStoreOptions
  readonly watching: BatchWatching | undefined
}

/**
 * The stream is read only under the lock: read before it, a batch could be the one another ledger has just booked and passed, and the
 * checkpoint would go back.
 */
async function drainWith({ client, partition, read, options, watching }: Drain) {
  await client.query(drainLimits)
  const checkpoint = await lockCheckpoint(client, partition)
  await options.onStep?.('locked', partition)
  const batch = await read(checkpoint)
  await options.onStep?.('read', partition)
  const watched = watching?.batch(client, batch)
  await watched?.keepRows()
  const { moved, ...booked } = (await merge({ client, partition, batch, options, watching })) ?? {}
  await options.onStep?.('merged', partition)
  await watched?.tell(moved ?? [])
  await options.onStep?.('told', partition)
  await client.query(ledgerQueries.move, [partition, batch.epoch, batch.position])
  await options.onStep?.('moved', partition)
  const { epoch, position, entries } = batch
  return { ...booked, watched, merged: entries.length, checkpoint: { partition, epoch, position } }
}

/** Only what is committed is told. */
function tell(observer: Observer, { raised = 0, lowered = 0, unsettled = 0 }: Partial<Merged>): void {
  if (raised > 0) observer.count('ledger_corrections_total', { by: 'up' }, raised)
  if (lowered > 0) observer.count('ledger_corrections_total', { by: 'down' }, lowered)
  if (unsettled > 0) observer.count('ledger_unsettled_total', {}, unsettled)
}

async function lockCheckpoint(client: PoolClient, partition: number): Promise<Checkpoint | undefined> {
  const ask = () => client.query<Omit<CheckpointRow, 'partition'>>(ledgerQueries.lock, [partition])
  let [row] = (await ask()).rows
  if (row === undefined) {
    await client.query(ledgerQueries.add, [partition])
    row = (await ask()).rows[0]
  }
  return row && checkpointOf({ partition, ...row })
}

/** What a merge did, as `queries/ledger-merge.sql` answers it. */
interface Merged {
  readonly raised: number
  readonly lowered: number
  readonly unsettled: number
  /** Null where it was not asked for, and when nothing moved. */
  readonly moved: readonly MovedRow[] | null
}

async function merge(drain: Omit<Drain, 'read'> & { readonly batch: ChargeBatch }): Promise<Merged | undefined> {
  const rows = drain.batch.entries.map((entry) => ledgerRow(entry))
  const bookable = rows.filter((row) => row !== undefined)
  if (bookable.length < rows.length) {
    const ids = drain.batch.entries.filter((_, place) => rows[place] === undefined).map((entry) => entry.id)
    drain.options.observer.count('ledger_unbookable_total', {}, ids.length)
    drain.options.observer.warn('charges_unbookable', { ids: ids.slice(0, idsTold) })
  }
  if (bookable.length === 0) return undefined
  const days = bookable.map((row) => row.mint_day).sort()
  const parameters = [drain.partition, JSON.stringify(bookable), days[0], days.at(-1), drain.watching !== undefined]
  return (await drain.client.query<Merged>(ledgerQueries.merge, parameters)).rows[0]
}

function checkpointOf({ partition, epoch, position }: CheckpointRow): Checkpoint | undefined {
  return epoch === null || position === null ? undefined : { partition, epoch, position }
}
