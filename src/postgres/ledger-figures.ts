import { DatabaseError, type Pool, type PoolClient } from 'pg'
import type { CounterWindow, Seed, SeededCounter } from '../core/charge.ts'
import type { Subject } from '../core/subject.ts'
import { ledgerQueries } from './ledger-queries.ts'
import { counterRow, storable } from './ledger-row.ts'
import { inTransaction } from './transaction.ts'

interface FigureRow {
  readonly epoch: string | null
  readonly position: string | null
  readonly is_kept: boolean
  readonly used: string
}

interface Asked {
  readonly subject: Subject
  readonly counters: readonly CounterWindow[]
}

/** Someone drains, or has drained since our snapshot; or another reader keeps the same counter at this moment. */
const overtaken = new Set(['55P03', '40001', '40P01'])
const limits =
  'SET LOCAL lock_timeout = 1000; SET LOCAL statement_timeout = 5000; SET LOCAL idle_in_transaction_session_timeout = 5000'

/**
 * The subject's figures and the checkpoint they hold at.
 *
 * Why they are right: both come from one statement, so from one snapshot, and a drain commits entries and checkpoint together; no lock is
 * needed, and a seed never waits for the ledger. Only a row kept in `quota_usage` needs more, because a drain that began before our insert
 * would not see it and leave its entries out for ever. So the row is inserted only if the checkpoint can be share-locked without waiting in
 * the same REPEATABLE READ transaction: that fails if a drain holds it or has moved it since the snapshot, and keeps later drains waiting
 * until our commit. When it fails the figures are answered all the same, and the next one who asks keeps the row.
 */
export async function readFigures(pool: Pool, asked: Asked): Promise<Seed> {
  const found: { seed?: Seed } = {}
  try {
    await inTransaction(pool, 'REPEATABLE READ', async (client) => {
      await client.query(limits)
      const rows = await ask(client, asked)
      const seed = seedOf(asked, rows)
      found.seed = seed
      const isNew = (_: SeededCounter, place: number): boolean => rows[place]?.is_kept === false
      await keep(client, { seed, counters: seed.counters.filter(isNew).filter(isOfWholeMinutes) })
    })
  } catch (error) {
    if (!(error instanceof DatabaseError && overtaken.has(error.code ?? '') && found.seed)) throw error
  }
  return found.seed ?? { subject: asked.subject, checkpoint: undefined, counters: [] }
}

/** The same for one who only looks: no row is kept. */
export async function lookAtFigures(pool: Pool | PoolClient, asked: Asked): Promise<Seed> {
  return seedOf(asked, await ask(pool, asked))
}

async function ask(client: Pool | PoolClient, { subject, counters }: Asked): Promise<readonly FigureRow[]> {
  const parameters = [subject.partition, subject.kind, storable(subject.id), JSON.stringify(counters.map(counterRow))]
  return (await client.query<FigureRow>(ledgerQueries.figures, parameters)).rows
}

async function keep(
  client: PoolClient,
  { seed, counters }: { seed: Seed; counters: readonly SeededCounter[] },
): Promise<void> {
  // Without a checkpoint there is no row to lock; the first drain of the partition would miss what is inserted here.
  if (counters.length === 0 || seed.checkpoint === undefined) return
  await client.query(ledgerQueries.hold, [seed.subject.partition])
  const sorted = counters
    .map(counterRow)
    .map((row) => JSON.stringify(row))
    .toSorted()
  const parameters = [seed.subject.partition, seed.subject.kind, storable(seed.subject.id), `[${sorted.join()}]`]
  await client.query(ledgerQueries.keep, parameters)
}

/** Drains move counters by the minute; others are summed each time (no zone of today has such). */
function isOfWholeMinutes({ startMs, endMs }: SeededCounter): boolean {
  return startMs % 60_000 === 0 && endMs % 60_000 === 0
}

function seedOf({ subject, counters }: Asked, rows: readonly FigureRow[]): Seed {
  const { epoch = null, position = null } = rows[0] ?? {}
  return {
    subject,
    checkpoint: epoch === null || position === null ? undefined : { partition: subject.partition, epoch, position },
    counters: counters.map((counter, place) => ({ ...counter, used: exactly(rows[place]?.used ?? '0') })),
  }
}

/** Sums above 2^53 − 1 are answered as that: any limit is long used up. */
function exactly(text: string): number {
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}
