import type { NewAlertEvent } from '../core/alert-event.ts'
import { levelKey } from '../core/alert-levels.ts'
import type { QuotaLine } from '../core/limit.ts'
import type { RefusedRequest } from '../core/refused-request.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { levelEvents } from './level-events.ts'
import { watchedLimits } from './watched-limits.ts'

/** The level that the first refusal of a window reaches. */
const percent = 100

type QuotaRefusal = RefusedRequest & { readonly line: QuotaLine } & Required<Pick<RefusedRequest, 'counter'>>

/** The first refusals by quotas, one per limit, subject and window, that wait to be told. Memory only, bounded. */
export interface FirstRefusals {
  add(refused: RefusedRequest): void
  /** All that wait; they wait no longer. */
  take(): readonly QuotaRefusal[]
  /** Those that could not be told. */
  putBack(refusals: readonly QuotaRefusal[]): void
}

/**
 * `windowsMax`: so many windows are remembered; one that is forgotten is found once more, and its event stands already. `againMs`: so long is
 * each remembered, by the times of the refusals. Then it is found once more too: its event may have ended by a raise that was taken back, and
 * what said nothing at first may say something now.
 */
export function createFirstRefusals({
  windowsMax,
  againMs,
}: {
  readonly windowsMax: number
  readonly againMs: number
}): FirstRefusals {
  /** When each was last found, the oldest first. */
  const found = new Map<string, number>()
  const waiting = new Map<string, QuotaRefusal>()
  return {
    add(refused) {
      if (!isOfQuota(refused)) return
      const key = keyOf(refused)
      if (Math.abs(refused.atMs - (found.get(key) ?? Number.NEGATIVE_INFINITY)) < againMs) return
      found.delete(key)
      const [oldest] = found.keys()
      if (found.size >= windowsMax && oldest !== undefined) found.delete(oldest)
      found.set(key, refused.atMs)
      if (waiting.size < windowsMax) waiting.set(key, refused)
    },
    take() {
      const refusals = [...waiting.values()]
      waiting.clear()
      return refusals
    },
    putBack(refusals) {
      for (const refused of refusals) {
        const key = keyOf(refused)
        if (waiting.size < windowsMax && !waiting.has(key)) waiting.set(key, refused)
      }
    },
  }
}

/**
 * What there is to tell of a refusal: that the limit is exhausted, by the key that the ledger uses too, so that it is told once. Undefined when
 * nobody is to be told of 100 %, when the window was over, and when less was allowed than is at `nowMs`: the limit was raised meanwhile, by a
 * row or by a grant that began after the refusal, or a stricter row of the caller's own refused, which says nothing of the rest who share the
 * counter.
 */
export function refusalEvent(
  refused: QuotaRefusal,
  { snapshot, nowMs }: { readonly snapshot: Snapshot; readonly nowMs: number },
): NewAlertEvent | undefined {
  const { line, counter, principal, refusal } = refused
  const { endMs } = counter.window
  if (refused.atMs >= endMs) return undefined
  // Of a window that is over by now, what it ended with.
  const atMs = Math.max(refused.atMs, Math.min(nowMs, endMs - 1))
  const limits = watchedLimits(snapshot, { subject: line.subject, account: principal.account.id, atMs })
  const watched = limits.find(({ limit }) => limit.name === line.limit)
  if (watched === undefined || !watched.percents.includes(percent)) return undefined
  if (line.amount < watched.limit.amount) return undefined
  const { window, timeZone, surface, quantity, subject } = line
  const booked = { subject, surface, quantity, window, timeZone, ...counter.window, used: counter.used }
  const [event] = levelEvents({ watched, counter: booked }, { told: percent, skipped: [] })
  const needs = refusal.limit?.needs ?? 0
  return event && { ...event, data: { refused: true, needs: quantity === 'credits' ? needs / 1_000 : needs } }
}

/** A request that is larger than the whole limit says nothing of what is left. */
function isOfQuota(refused: RefusedRequest): refused is QuotaRefusal {
  return refused.refusal.cause === 'quota' && refused.line?.kind === 'quota' && refused.counter !== undefined
}

/** A raised limit may be used up once more, and a stricter row of one caller says nothing of the others. */
function keyOf({ line, counter }: QuotaRefusal): string {
  return `${line.amount} ${levelKey({ subject: line.subject, limit: line.limit, startMs: counter.window.startMs, percent })}`
}
