import pg from 'pg'
import type { CounterWindow } from '../../src/core/charge.ts'
import { testDayMs } from './charge-entries.ts'
import { createDatabase } from './databases.ts'

export interface LedgerDatabase extends AsyncDisposable {
  readonly pool: pg.Pool
  readonly url: string
  /** Rows of one query. */
  rows(sql: string, parameters?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
}

/** A migrated database of its own with a pool that survives cut connections. */
export async function openLedgerDatabase(): Promise<LedgerDatabase> {
  const database = await createDatabase()
  const pool = new pg.Pool({ connectionString: database.url, max: 8 })
  pool.on('error', () => undefined)
  return {
    pool,
    url: database.url,
    async rows(sql, parameters = []) {
      return (await pool.query(sql, [...parameters])).rows
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await database.drop()
    },
  }
}

export const dayOf = (
  quantity: CounterWindow['quantity'],
  surface: CounterWindow['surface'] = 'any',
): CounterWindow => ({
  surface,
  quantity,
  window: 'day',
  timeZone: 'UTC',
  startMs: testDayMs,
  endMs: testDayMs + 86_400_000,
})

/**
 * Every counter that is kept, beside what the entries of its partition sum up to: the ledger's promise is that both are the same, whatever
 * was killed when.
 */
export const countersAndTruth = `
  SELECT q.subject_kind || ':' || q.subject_id AS subject, q.surface, q.quantity, q.used::text AS used,
         coalesce((SELECT sum(CASE q.quantity WHEN 'requests' THEN e.requests WHEN 'credits' THEN e.credits
                                              WHEN 'bytes' THEN e.bytes ELSE e.gpu_ms END)
            FROM tollgate.usage_entry e
           WHERE e.partition = q.partition AND e.at >= q.start_at AND e.at < q.end_at AND q.surface IN ('any', e.surface)
             AND (q.subject_kind || ':' || q.subject_id) = ANY (e.subjects)), 0)::numeric(19, 3)::text AS truth
    FROM tollgate.quota_usage q ORDER BY 1, 2, 3`

const entryHours = `
  SELECT date_trunc('hour', at, 'UTC') AS hour, account, project, department, surface, resource,
         CASE WHEN unsettled OR outcome = 'unknown' THEN 'unsettled' WHEN outcome IN ('delivered', 'aborted') THEN 'charged'
              WHEN outcome = 'undelivered' THEN 'undelivered' ELSE 'free' END AS outcome_class,
         count(*)::bigint AS entries, (count(*) FILTER (WHERE state = 'open'))::bigint AS not_yet_final,
         sum(requests)::bigint AS requests, sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms
    FROM tollgate.usage_entry WHERE is_home GROUP BY 1, 2, 3, 4, 5, 6, 7`
const keptHours = `
  SELECT hour, account, project, department, surface, resource, outcome_class, entries, not_yet_final, requests, credits, bytes, gpu_ms
    FROM tollgate.usage_hour WHERE (entries, not_yet_final, requests, credits, bytes, gpu_ms) <> (0, 0, 0, 0, 0, 0)`
const entrySubjects = `
  SELECT partition, subject, surface, date_trunc('hour', at, 'UTC') AS hour,
         sum(requests)::bigint AS requests, sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms
    FROM tollgate.usage_entry CROSS JOIN LATERAL unnest(subjects) AS named (subject) GROUP BY 1, 2, 3, 4
  HAVING (sum(requests), sum(credits), sum(bytes), sum(gpu_ms)) <> (0, 0, 0, 0)`
const keptSubjects = `
  SELECT partition, subject, surface, hour, requests, credits, bytes, gpu_ms
    FROM tollgate.subject_hour WHERE (requests, credits, bytes, gpu_ms) <> (0, 0, 0, 0)`

/** Every row in which the roll-ups and the sums of the entries differ: the ledger's promise is that there is none, whatever was killed when. */
export const hoursThatDiffer = [
  [entryHours, keptHours],
  [entrySubjects, keptSubjects],
]
  .map(
    ([truth, kept]) => `
    SELECT 'missing' AS is, to_jsonb(one.*) AS row FROM ((${truth}) EXCEPT (${kept})) AS one
     UNION ALL SELECT 'too much', to_jsonb(one.*) FROM ((${kept}) EXCEPT (${truth})) AS one`,
  )
  .join(' UNION ALL ')
