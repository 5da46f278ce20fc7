import { utcTime } from './calendar-text.ts'
import type { WindowKind } from './limit.ts'
import type { LimitView } from './limit-view.ts'
import { wholeAmount } from './shown-amount.ts'
import type { Surface } from './subject.ts'

/** One limit in `/quota/status`; whole units, rounded up. `used` is null while the counter is not known. */
export interface LimitStatus {
  readonly name: string
  readonly kind: string
  readonly counts: string
  readonly per: string
  readonly used: number | null
  readonly limit: number
  readonly window: string | null
  readonly reset_at: string
  readonly enforced: boolean
}

/** The body of `/quota/status`: the headline quota, named, and all limits beside it; nulls when no quota applies. */
export interface QuotaStatus {
  readonly used: number | null
  readonly limit: number | null
  readonly limit_name: string | null
  readonly reset_at: string | null
  readonly limits: readonly LimitStatus[]
}

/**
 * The headline is the account's daily quota of credits, else the fullest enforced quota; of those that count the asked surface where there is one.
 * Credits are whole, rounded up.
 */
export function quotaStatusOf(views: readonly LimitView[], asked: Surface): QuotaStatus {
  const limits = views.map(statusOf)
  const own = views.filter(({ kind, surface }) => kind === 'quota' && (surface === asked || surface === 'any'))
  const chosen = headline(own) ?? headline(views)
  const at = chosen === undefined ? -1 : views.indexOf(chosen)
  const { used = null, limit = null, name = null, reset_at = null } = limits[at] ?? {}
  return { used, limit, limit_name: name, reset_at, limits }
}

function statusOf(view: LimitView): LimitStatus {
  const { name, kind, counts, per, enforced, window = null } = view
  const used = view.used === undefined ? null : wholeAmount(counts, view.used)
  return {
    name,
    kind,
    counts,
    per,
    used,
    limit: wholeAmount(counts, view.amount),
    window: window === null ? null : windowWord(window),
    reset_at: utcTime(view.resetAtMs),
    enforced,
  }
}

/** As `limit_rule.window` spells it. */
function windowWord(window: WindowKind): string {
  return window.startsWith('week') ? 'week' : window
}

/** Undefined when there is no quota. Of several daily quotas of the account the fullest. */
function headline(views: readonly LimitView[]): LimitView | undefined {
  const quotas = views.filter(({ kind }) => kind === 'quota')
  const daily = quotas.filter(
    ({ per, window, counts }) => per === 'account' && window === 'day' && counts === 'credits',
  )
  const enforced = quotas.filter((view) => view.enforced)
  const choice = [daily, enforced, quotas].find((views) => views.length > 0) ?? []
  return choice.toSorted((left, right) => fill(right) - fill(left))[0]
}

function fill({ used = 0, amount }: LimitView): number {
  return amount === 0 ? 1 : used / amount
}
