import type { HitStore } from '../hit-ports.ts'
import { type CountedLimit, isCloserToEnd, refuses, remainingOf } from './counted-limit.ts'
import type { LateHits } from './late-hits.ts'
import { refusedUncounted, withinNoLimit } from './plain-status.ts'
import type { DescriptorStatus, RateLimitAnswer } from './rate-limit-words.ts'
import type { SelectedLimit } from './select-limits.ts'

/** What a call came to. */
export interface CountedCall {
  readonly limits: readonly CountedLimit[]
  /** Descriptors that are refused because a limit of theirs cannot be asked. */
  readonly denied: ReadonlySet<number>
  /** Where the limits were counted, if not in the store: in this process, which has a share of them. */
  readonly shares?: HitStore
  /** The store may still answer: to be told what became of the call. */
  readonly unheard?: LateHits
}

/** A call of which no limit was counted. */
export const nothingCounted: CountedCall = { limits: [], denied: new Set() }

const unlimited: DescriptorStatus = { code: 'ok', remaining: Number.POSITIVE_INFINITY }

/** One status per descriptor, each of the limit that is closest to its end. */
export function statusesOf(
  descriptorCount: number,
  selected: readonly SelectedLimit[],
  counted: CountedCall,
): readonly DescriptorStatus[] {
  const statuses = new Array<DescriptorStatus>(descriptorCount).fill(withinNoLimit)
  for (const { descriptor, rule } of selected) if (rule.amount.kind === 'unlimited') statuses[descriptor] = unlimited
  for (const closest of closestOf(descriptorCount, counted))
    if (closest !== undefined) statuses[closest.line.descriptor] = statusOf(closest)
  for (const descriptor of counted.denied) statuses[descriptor] = refusedUncounted
  return statuses
}

/** Which descriptors an answer refuses: all of them where it is no decision and says nothing of each. */
export function refusedBy({ code, statuses }: RateLimitAnswer, descriptorCount: number): ReadonlySet<number> {
  if (code === 'over_limit' && statuses.length === 0) return new Set(Array(descriptorCount).keys())
  return new Set(statuses.flatMap((status, index) => (status.code === 'over_limit' ? [index] : [])))
}

/** Of each descriptor the limit that is closest to its end; undefined where none was counted. */
export function closestOf(descriptorCount: number, { limits }: CountedCall): readonly (CountedLimit | undefined)[] {
  const closest = new Array<CountedLimit | undefined>(descriptorCount).fill(undefined)
  for (const limit of limits) {
    const best = closest[limit.line.descriptor]
    if (best === undefined || isCloserToEnd(limit, best)) closest[limit.line.descriptor] = limit
  }
  return closest
}

function statusOf(limit: CountedLimit): DescriptorStatus {
  const { rule, line, state } = limit
  // What it allows is not known.
  if (rule.isFaulty === true) return refuses(limit) ? refusedUncounted : withinNoLimit
  const { amount } = rule
  const hasUnit = (amount.kind === 'window' || amount.kind === 'rate') && amount.period.units === 1
  return {
    code: refuses(limit) ? 'over_limit' : 'ok',
    limit: {
      requestsPerUnit: line.amount,
      unit: hasUnit ? amount.period.unit : undefined,
      name: rule.name ?? '',
    },
    remaining: remainingOf(limit),
    resetMs: state.resetMs,
  }
}
