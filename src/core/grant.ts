import type { LimitRule, TimeRange } from './limit.ts'
import type { CountedQuantity } from './quantity.ts'
import { holds } from './time-range.ts'

/** One row of `grant`, validated: for a while the limit of a name is higher for an account, or for each of a project or department. */
export interface Grant extends TimeRange {
  readonly id: string
  readonly limitName: string
  readonly grantedTo: { readonly kind: 'account' | 'project' | 'department'; readonly id: string }
  /** How much more, in whole units and in thousandths of one: the limit decides which counts, thousandths if it is of credits. */
  readonly amount: { readonly whole: number; readonly milli: number }
  /** Only of packs: what went of it in windows that are over. Absent: a raise. */
  readonly spent?: Grant['amount']
}

/** Limits as they stand from `startMs` until `endMs`, for as long as no row changes. */
export interface LimitsInForce extends TimeRange {
  readonly limits: readonly LimitRule[]
}

const exactMax = 2 ** 52
/** What a cap may be at most, by the CHECK of `limit_rule`. */
const capMax = 1_000

/**
 * Limits with what the grants add at `nowMs`, and how long that holds: until the next of them begins or ends. Of a quota and a cap the amount
 * rises, of a rate the burst; none above what a row may say. A pack adds what is left of it, and only to a quota that each account has for
 * itself. The same array when nothing is added.
 */
export function raisedBy(limits: readonly LimitRule[], grants: readonly Grant[], nowMs: number): LimitsInForce {
  const edges = grants.flatMap(({ startMs, endMs }) => [startMs, endMs])
  const holding = {
    startMs: edges.reduce((last, edge) => (edge <= nowMs ? Math.max(last, edge) : last), -Infinity),
    endMs: edges.reduce((first, edge) => (edge > nowMs ? Math.min(first, edge) : first), Infinity),
  }
  const running = grants.filter((grant) => holds(grant, nowMs))
  return running.length === 0
    ? { limits, ...holding }
    : { limits: limits.map((limit) => raised(limit, running)), ...holding }
}

function raised(limit: LimitRule, running: readonly Grant[]): LimitRule {
  const own = running.filter((grant) => grant.limitName === limit.name && isOf(limit, grant))
  if (own.length === 0 || limit.isFaulty) return limit
  const more = own.reduce((sum, grant) => sum + addedBy(grant, limit.counts), 0)
  if (limit.kind === 'concurrency') return { ...limit, amount: Math.min(capMax, limit.amount + more) }
  if (limit.kind === 'quota') return { ...limit, amount: Math.min(exactMax, limit.amount + more) }
  const burstMax = Math.floor(exactMax / (limit.periodMs ?? 1_000))
  return { ...limit, burst: Math.min(burstMax, (limit.burst ?? limit.amount) + more) }
}

/** Several would spend one pack at a time if their counter were not their own, and what refills is never used up. */
function isOf(limit: LimitRule, { spent }: Grant): boolean {
  return spent === undefined || takesPacks(limit)
}

/** Whether packs add to this limit: it is a quota, counted for each account by itself. */
export function takesPacks({ kind, per }: Pick<LimitRule, 'kind' | 'per'>): boolean {
  return kind === 'quota' && per === 'account'
}

function addedBy({ amount, spent }: Grant, counts: CountedQuantity): number {
  return spent === undefined ? unitsOf(counts, amount) : Math.max(0, unitsOf(counts, amount) - unitsOf(counts, spent))
}

function unitsOf(counts: CountedQuantity, { whole, milli }: Grant['amount']): number {
  return counts === 'credits' ? milli : whole
}
