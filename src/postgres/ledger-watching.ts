import { readFileSync } from 'node:fs'
import type { PoolClient } from 'pg'
import type { ChargeEntry } from '../core/charge.ts'
import type { WindowKind } from '../core/limit.ts'
import type { Quantity } from '../core/quantity.ts'
import type { SubjectKind, Surface } from '../core/subject.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { BookedCounter, LedgerWatch, LimitWindow, StandingLevel } from '../usage/ports.ts'
import { addAlertEvents } from './alert-events.ts'
import { counterRow, storable } from './ledger-row.ts'

const queries = Object.fromEntries(
  ['ledger-keep-rows', 'alert-standing', 'level-end'].map((name) => [
    name,
    readFileSync(new URL(`./queries/${name}.sql`, import.meta.url), 'utf8'),
  ]),
)
/** Of each statement of a drain, milliseconds. */
export const drainMsMax = 10_000
/** A sum that takes longer holds up the charges: it is left for later. Milliseconds. */
const rowsMsMax = 2_000
/** After a failure no rows are tried for so long, because each try holds up a batch; and one line is said of all failures. */
const restMs = 30_000

/** A counter that moved, as `queries/ledger-merge.sql` answers it. */
export type MovedRow = readonly [
  kind: SubjectKind,
  id: string,
  surface: Surface | 'any',
  quantity: Quantity,
  window: WindowKind,
  timeZone: string,
  startMs: number,
  endMs: number,
  used: number,
]

/** One batch on its way into the books, watched. Nothing of it ever fails the batch: what goes wrong is counted and told. */
export interface WatchedBatch {
  /** Before the merge. */
  keepRows(): Promise<void>
  /** After it. */
  tell(moved: readonly MovedRow[]): Promise<void>
  committed(): void
}

interface BatchWatchingOptions {
  readonly watch: LedgerWatch
  readonly observer: Observer
  /** Never goes back. */
  readonly nowMs: () => number
}

export interface BatchWatching {
  batch(
    client: PoolClient,
    given: { readonly partition: number; readonly entries: readonly ChargeEntry[] },
  ): WatchedBatch
}

export function createBatchWatching({ watch, observer, nowMs }: BatchWatchingOptions): BatchWatching {
  let saidAtMs = Number.NEGATIVE_INFINITY
  let rowsFailedAtMs = Number.NEGATIVE_INFINITY

  /** Whether it was done. The savepoint keeps the transaction whole when a statement fails. */
  async function guarded(client: PoolClient, work: () => Promise<void>): Promise<boolean> {
    await client.query('SAVEPOINT watching')
    try {
      await work()
      await client.query('RELEASE watching')
      return true
    } catch (error) {
      failed(error)
      await client.query('ROLLBACK TO watching')
      return false
    }
  }

  function failed(error: unknown): void {
    observer.count('alert_watch_failures_total')
    if (nowMs() - saidAtMs < restMs) return
    saidAtMs = nowMs()
    observer.warn('alert_watch_failed', { error })
  }

  function tried<T>(work: () => T, instead: T): T {
    try {
      return work()
    } catch (error) {
      failed(error)
      return instead
    }
  }

  return {
    batch(client, { partition, entries }) {
      const batch = tried(() => watch.batch(entries), undefined)
      const kept = { rows: batch?.rows.length === 0, events: false }
      return {
        async keepRows() {
          if (batch === undefined || batch.rows.length === 0 || nowMs() - rowsFailedAtMs < restMs) return
          const rows = batch.rows.map((row) => ({
            ...counterRow(row),
            subject_kind: row.subject.kind,
            subject_id: storable(row.subject.id),
          }))
          kept.rows = await guarded(client, async () => {
            await client.query(`SET LOCAL statement_timeout = ${rowsMsMax}`)
            await client.query(queries['ledger-keep-rows'] ?? '', [partition, JSON.stringify(rows)])
            await client.query(`SET LOCAL statement_timeout = ${drainMsMax}`)
          })
          if (!kept.rows) rowsFailedAtMs = nowMs()
        },
        async tell(moved) {
          if (batch === undefined) return
          const reached = tried(() => batch.reached(moved.map(counterOf)), [])
          if (reached.length === 0) return
          kept.events = await guarded(client, async () => {
            const { ended, events } = batch.events(await standingOf(client, reached))
            if (ended.length > 0) await client.query(queries['level-end'] ?? '', [ended.toSorted()])
            await addAlertEvents(client, events)
          })
        },
        committed: () => tried(() => batch?.committed(kept), undefined),
      }
    },
  }
}

function counterOf([kind, id, surface, quantity, window, timeZone, startMs, endMs, used]: MovedRow): BookedCounter {
  const exactly = Math.min(used, Number.MAX_SAFE_INTEGER)
  return { subject: { kind, id }, surface, quantity, window, timeZone, startMs, endMs, used: exactly }
}

interface StandingRow {
  readonly id: string
  readonly kind: SubjectKind
  readonly subject: string
  readonly limit: string
  readonly start: number
  readonly percent: number
  readonly amount: string
}

async function standingOf(client: PoolClient, limits: readonly LimitWindow[]): Promise<readonly StandingLevel[]> {
  const asked = limits.map(({ subject, limit, rule, startMs }) => ({
    ...{ kind: subject.kind, subject: subject.id, limit, rule },
    start: startMs,
  }))
  const { rows } = await client.query<StandingRow>(queries['alert-standing'] ?? '', [JSON.stringify(asked)])
  return rows.map(({ id, kind, subject, limit, start, percent, amount }) => ({
    ...{ id, subject: { kind, id: subject }, limit, startMs: start, percent },
    amount: Number(amount),
  }))
}
