import { wallTime } from '../core/calendar-text.ts'
import { shownAmount, shownNumber, unitWord } from '../core/shown-amount.ts'
import { isoTime } from './output.ts'
import type { LimitStanding } from './ports.ts'
import type { TableRow } from './table.ts'

/** One row per limit, amounts in the units people know. */
export function limitRows(limits: readonly LimitStanding[]): readonly TableRow[] {
  return limits.map((limit) => ({
    limit: limit.name,
    of: `${limit.per} ${limit.subject}`,
    kind: limit.kind,
    used: limit.used === undefined ? '?' : shownAmount(limit.counts, limit.used),
    amount: shownAmount(limit.counts, limit.amount),
    left: limit.used === undefined ? '?' : shownAmount(limit.counts, leftOf(limit)),
    counts: unitWord(limit.counts),
    resets: limit.resetAtMs === undefined ? 'refills' : wallTime(limit.resetAtMs, limit.timeZone),
    enforced: limit.enforced,
    fits: limit.fits ? 'yes' : waitText(limit.retryAfterMs),
    rule: limit.rule,
  }))
}

export function limitJson(limit: LimitStanding): Readonly<Record<string, unknown>> {
  const { name, per, subject, kind, counts, used, amount, enforced, fits, rule } = limit
  return {
    ...{ name, per, subject, kind, counts: unitWord(counts) },
    used: used === undefined ? null : shownNumber(counts, used),
    amount: shownNumber(counts, amount),
    remaining: used === undefined ? null : shownNumber(counts, leftOf(limit)),
    reset_at: isoTime(limit.resetAtMs) ?? null,
    retry_after_ms: limit.retryAfterMs ?? null,
    ...{ enforced, fits, rule },
  }
}

function leftOf({ amount, used = 0 }: LimitStanding): number {
  return Math.max(0, amount - used)
}

function waitText(retryAfterMs: number | 'never' | undefined): string {
  if (retryAfterMs === undefined) return 'no'
  return retryAfterMs === 'never' ? 'never' : `in ${Math.ceil(retryAfterMs / 1_000)} s`
}
