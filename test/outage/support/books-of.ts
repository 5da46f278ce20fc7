import type pg from 'pg'
import type { QuotaLine } from '../../../src/core/limit.ts'
import type { Quantity } from '../../../src/core/quantity.ts'
import { windowsAt } from '../../../src/core/quota-window.ts'
import { hashedPartition, type Subject, type SubjectKind } from '../../../src/core/subject.ts'
import type { RedisSpendStore } from '../../../src/redis/spend-store.ts'
import { countersAndTruth } from '../../support/ledger-database.ts'
import { quotaLine } from '../../support/spend-harness.ts'
import type { Booked } from '../../support/three-books.ts'

/** The ledger's rows of one account. */
export async function bookedOf(pool: pg.Pool, account: string): Promise<readonly Booked[]> {
  const { rows } = await pool.query(
    `SELECT file, id, is_home, state, outcome, unsettled, requests, credits, bytes FROM tollgate.usage_entry
      WHERE account = $1 AND file <> '' ORDER BY at`,
    [account],
  )
  return rows.map((row) => ({
    file: row.file,
    id: row.id,
    isHome: row.is_home,
    state: row.state,
    outcome: row.outcome,
    unsettled: row.unsettled,
    requests: Number(row.requests),
    creditsMilli: Math.round(Number(row.credits) * 1_000),
    bytes: Number(row.bytes),
  }))
}

interface Counted {
  readonly kind: SubjectKind
  readonly id: string
  readonly quantity: Quantity
}

/** Where the store's counters, the ledger's counters and the sums of the ledger's rows are not the same; each as a sentence. */
export async function differences(
  { pool, store }: { readonly pool: pg.Pool; readonly store: RedisSpendStore },
  caller: { readonly account: string; readonly department: string },
): Promise<readonly string[]> {
  const counted: readonly Counted[] = [
    { kind: 'account', id: caller.account, quantity: 'credits' },
    { kind: 'account', id: caller.account, quantity: 'bytes' },
    { kind: 'project', id: `${caller.department}-work`, quantity: 'requests' },
    { kind: 'department', id: caller.department, quantity: 'credits' },
    { kind: 'everyone', id: 'everyone', quantity: 'credits' },
  ]
  const partition = await partitionOf(pool, caller.department)
  const found: string[] = []
  for (const one of counted) {
    const subject = { ...one, partition: one.kind === 'everyone' ? hashedPartition('everyone') : partition }
    const [inStore, inRows] = [await storeFigure(store, subject), await rowsFigure(pool, subject)]
    if (inStore !== inRows)
      found.push(`${one.kind} ${one.id}: the store has ${inStore} ${one.quantity}, the rows sum up to ${inRows}`)
  }
  const { rows: kept } = await pool.query(`SELECT * FROM (${countersAndTruth}) AS counter WHERE used <> truth`)
  return [
    ...found,
    ...kept.map((row) => `${row.subject}: quota_usage has ${row.used} ${row.quantity}, its rows ${row.truth}`),
  ]
}

async function partitionOf(pool: pg.Pool, department: string): Promise<number> {
  const { rows } = await pool.query('SELECT partition FROM tollgate.department WHERE id = $1', [department])
  return Number(rows[0]?.partition)
}

async function storeFigure(store: RedisSpendStore, subject: Subject & Counted): Promise<number | 'cold'> {
  const { kind, id, partition, quantity } = subject
  const day = windowsAt(store.nowMs(), { window: 'day', timeZone: 'UTC' }, new Map())
  const line: QuotaLine = quotaLine({
    ...{ limit: 'audit', subject: { kind, id, partition }, quantity, hits: 0, window: 'day', ...day },
  })
  const seen = await store.peek([line])
  const state = seen.kind === 'seen' ? seen.states[0] : undefined
  return state?.kind === 'quota' ? state.used : 'cold'
}

async function rowsFigure(pool: pg.Pool, { kind, id, partition, quantity }: Subject & Counted): Promise<number> {
  const column = quantity === 'credits' ? 'credits * 1000' : quantity
  const { rows } = await pool.query(
    `SELECT coalesce(sum(${column}), 0)::text AS figure FROM tollgate.usage_entry
      WHERE partition = $1 AND $2 = ANY (subjects) AND at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`,
    [partition, `${kind}:${id}`],
  )
  return Math.round(Number(rows[0]?.figure))
}
