import type { AlertLevel } from './alert-event.ts'
import type { SubjectKind } from './subject.ts'

/** One level of one limit, in one window of one subject. */
interface LevelName {
  readonly subject: { readonly kind: SubjectKind; readonly id: string }
  /** The limit's name. */
  readonly limit: string
  /** First instant of the window. */
  readonly startMs: number
  readonly percent: number
}

/** What makes a level event the same event, whoever finds it: the ledger, a change of policy, or the first refusal of a window. */
export function levelKey({ subject, limit, startMs, percent }: LevelName): string {
  return `level ${subject.kind}:${subject.id} ${limit} ${startMs} ${percent}`
}

/** What a level is called: exhausted from 100 % on, critical from 90 % on, below a warning. */
export function levelWord(percent: number): AlertLevel {
  if (percent >= 100) return 'exhausted'
  return percent >= 90 ? 'critical' : 'warning'
}

/** How one limit stands in one window; `used` and amounts in code units, 0 … 2^53 − 1. */
interface Standing {
  readonly used: number
  readonly amount: number
  /** What the amount was when the levels that stand were found; absent: as it is now. */
  readonly amountBefore?: number
  /** The levels in force, ascending. */
  readonly percents: readonly number[]
  /** Those that were written for this window and have not ended. */
  readonly standing: readonly number[]
}

interface CrossedLevels {
  /** The one level to tell: the highest that is newly reached, if none above it stands. */
  readonly told?: number
  /** Reached too, and written so that they are not told later. */
  readonly skipped: readonly number[]
  /** Stand no longer, because the amount was raised. */
  readonly recovered: readonly number[]
}

/**
 * Which levels a change crosses. A jump tells only the highest. What was told ends only when the amount was raised: a correction that lowers
 * what was used takes nothing back, or a counter at the edge of a level would be told of again and again. Below what stood nothing is news,
 * so a raise from 100 % to 96 % does not warn of 95 %. A limit of nothing cannot be used up: it has no levels.
 */
export function crossedLevels({ used, amount, amountBefore = amount, percents, standing }: Standing): CrossedLevels {
  const isRaised = amount > amountBefore
  const recovered = isRaised ? standing.filter((percent) => !isReached({ used, amount }, percent)) : []
  const reached = percents.filter((percent) => isReached({ used, amount }, percent) && !standing.includes(percent))
  const highest = reached.at(-1)
  const isNews = highest !== undefined && standing.every((percent) => percent < highest)
  return isNews ? { told: highest, skipped: reached.slice(0, -1), recovered } : { skipped: reached, recovered }
}

/** Whether so many percent of the amount are used, exactly. */
export function isReached(
  { used, amount }: { readonly used: number; readonly amount: number },
  percent: number,
): boolean {
  if (amount <= 0) return false
  if (amount <= plainMax && used <= plainMax) return used * 100 >= amount * percent
  return BigInt(used) * 100n >= BigInt(amount) * BigInt(percent)
}

/** Times 1,000, the highest percentage, these are still counted exactly by numbers. */
const plainMax = 2 ** 43
