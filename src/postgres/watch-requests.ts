import type { Pool, PoolClient } from 'pg'
import { inTransactionBy } from './acting.ts'
import { tellAsked, tellDecided } from './request-events.ts'
import { requestQueries } from './request-queries.ts'
import { readFacts } from './request-rows.ts'
import { watchQueries } from './watch-queries.ts'

/** Whom the audit names for what happens by itself. */
const byItself = 'tollgate'

interface Untold {
  readonly id: string
  readonly of: 'asked' | 'decided'
  readonly amount: string | null
  readonly ends_at: Date | null
}

/** Expires what is due, each with its event; one transaction, so that a row and its event are there together. */
export function expireRequests(pool: Pool, countMax: number): Promise<number> {
  return inTransactionBy(pool, byItself, async (client) => {
    const { rows } = await client.query<{ readonly id: string }>(watchQueries['due-requests'], [countMax])
    for (const { id } of rows) {
      await client.query(requestQueries['request-end'], [id, 'expired', null, '', null])
      await tell(client, { id, of: 'decided', amount: null, ends_at: null })
    }
    return rows.length
  })
}

/** Tells of what plain SQL wrote; a use case at the same moment has told it, and its key is unique. */
export function tellRequests(pool: Pool, countMax: number): Promise<number> {
  return inTransactionBy(pool, byItself, async (client) => {
    const { rows } = await client.query<Untold>(watchQueries['untold-requests'], [countMax])
    for (const untold of rows) await tell(client, untold)
    return rows.length
  })
}

async function tell(client: PoolClient, { id, of, amount, ends_at: endsAt }: Untold): Promise<void> {
  const facts = await readFacts(client, id)
  if (facts === undefined) return
  if (of === 'asked') return tellAsked(client, facts)
  const granted = amount !== null && endsAt !== null ? { amount, endsAtMs: endsAt.getTime() } : undefined
  return tellDecided(client, facts, granted)
}
