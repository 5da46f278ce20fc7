import { readFileSync } from 'node:fs'
import type { Pool, PoolClient } from 'pg'
import type { EventStore } from '../alerts/ports.ts'
import type { NewAlertEvent } from '../core/alert-event.ts'
import { creditsOfMilli } from '../core/credits.ts'
import { asPolicyFault } from './database-fault.ts'

const query = readFileSync(new URL('./queries/alert-add-events.sql', import.meta.url), 'utf8')

/** Writes events inside the caller's transaction; answers how many did not stand yet. Database errors are thrown as they come. */
export async function addAlertEvents(database: Pool | PoolClient, events: readonly NewAlertEvent[]): Promise<number> {
  if (events.length === 0) return 0
  // In one order, so that two writers of the same events never wait for each other in a circle.
  const sorted = events.toSorted((left, right) => (left.key < right.key ? -1 : Number(left.key > right.key)))
  const { rows } = await database.query<{ added: number }>(query, [JSON.stringify(sorted.map(rowOf))])
  return rows[0]?.added ?? 0
}

/** Events written by themselves; see `EventStore`. */
export function createPostgresEventStore(pool: Pool): EventStore {
  return { add: (events) => asPolicyFault(pool, () => addAlertEvents(pool, events)) }
}

function rowOf({ limit, aboutMs, onlyChannel, ...event }: NewAlertEvent) {
  return {
    ...event,
    only_channel: onlyChannel,
    reset_at: timeOf(limit?.endMs ?? aboutMs),
    ...(limit && {
      limit_name: limit.name,
      limit_rule: limit.rule,
      subject_kind: limit.subject.kind,
      subject_id: limit.subject.id,
      surface: limit.surface,
      counts: limit.counts,
      window_kind: limit.window,
      time_zone: limit.timeZone,
      window_start: timeOf(limit.startMs),
      used: limit.counts === 'credits' ? creditsOfMilli(limit.used) : limit.used,
      amount: limit.counts === 'credits' ? creditsOfMilli(limit.amount) : limit.amount,
    }),
  }
}

function timeOf(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString()
}
