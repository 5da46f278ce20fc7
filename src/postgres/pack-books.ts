import { readFileSync } from 'node:fs'
import type { Pool, PoolClient } from 'pg'
import type { PackPayment } from '../core/pack.ts'
import type { KnownPack, Settlement } from '../core/pack-settlement.ts'
import type { PackBooks, PackGroup } from '../usage/pack-ports.ts'
import { lookAtFigures } from './ledger-figures.ts'
import { inTransaction } from './transaction.ts'

const [lock, read, write, writeTails] = ['lock', 'read', 'write', 'write-tails'].map((name) =>
  readFileSync(new URL(`./queries/pack-${name}.sql`, import.meta.url), 'utf8'),
)
/** Whoever edits a pack by hand goes first. The actor is what `policy_change.by` says. */
const limits = `SET LOCAL lock_timeout = 1000; SET LOCAL statement_timeout = 5000; SET LOCAL tollgate.actor = 'ledger'`
interface PackRow {
  readonly id: string
  readonly amount: number
  readonly spent: number
  readonly start_ms: number
  readonly end_ms: number
  readonly final_until_ms: number | null
  readonly settled_to_ms: number | null
  readonly paid: readonly { readonly startMs: number; readonly endMs: number; readonly paid: number }[]
}

/** Packs in PostgreSQL; see `PackBooks`. Database errors are thrown as they come, nothing half done. */
export function createPostgresPackBooks(pool: Pool): PackBooks {
  return {
    settle: (group, decide) =>
      inTransaction(pool, 'READ COMMITTED', async (client) => {
        await client.query(limits)
        await client.query(lock ?? '', [group.grants])
        const { rows } = await client.query<PackRow>(read ?? '', [group.grants, group.counter.quantity])
        const settlement = await decide(rows.map(knownPack), (parts) => usedIn(client, group, parts))
        return settlement !== undefined && (await save(client, { group, settlement }))
      }),
  }
}

async function usedIn(
  client: PoolClient,
  { subject, counter }: PackGroup,
  parts: readonly { readonly startMs: number; readonly endMs: number }[],
): Promise<readonly number[]> {
  if (parts.length === 0) return []
  const counters = parts.map(({ startMs, endMs }) => ({ ...counter, startMs, endMs }))
  return (await lookAtFigures(client, { subject, counters })).counters.map(({ used }) => used)
}

async function save(
  client: PoolClient,
  { group, settlement }: { readonly group: PackGroup; readonly settlement: Settlement },
): Promise<boolean> {
  const { packs, payments, tails, fromMs, atMs, finalUntilMs } = settlement
  const perOne = group.counter.quantity === 'credits' ? 1_000 : 1
  const given = [packs, timeOf(fromMs), jsonOf(payments), perOne, timeOf(finalUntilMs), timeOf(atMs)]
  const spent = await client.query<{ changed: number }>(write ?? '', given)
  const raised = await client.query<{ changed: number }>(writeTails ?? '', [packs, jsonOf(tails), perOne, timeOf(atMs)])
  return [spent, raised].some(({ rows }) => (rows[0]?.changed ?? 0) > 0)
}

function jsonOf(payments: readonly PackPayment[]): string {
  return JSON.stringify(
    payments.map(({ pack, window, paid }) => ({
      ...{ pack, paid },
      start_at: timeOf(window.startMs),
      end_at: timeOf(window.endMs),
    })),
  )
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

function knownPack(row: PackRow): KnownPack {
  return {
    ...{ id: row.id, amount: row.amount, spent: row.spent, startMs: row.start_ms, endMs: row.end_ms },
    ...(row.final_until_ms !== null && { finalUntilMs: row.final_until_ms }),
    ...(row.settled_to_ms !== null && { settledToMs: row.settled_to_ms }),
    paid: row.paid.map(({ startMs, endMs, paid }) => ({ pack: row.id, window: { startMs, endMs }, paid })),
  }
}
