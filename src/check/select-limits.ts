import type { DescriptorRule, Period, RateUnit } from '../core/descriptor-rule.ts'
import { type DescriptorDomain, matchDescriptor } from '../core/match-descriptor.ts'
import type { RateLimitDescriptor } from './rate-limit-words.ts'
import { withoutReplaced } from './replace-limits.ts'

/** One limit that a descriptor of the call came to. */
export interface SelectedLimit {
  /** Which descriptor, from 0. */
  readonly descriptor: number
  readonly rule: DescriptorRule
}

export interface SelectFrom {
  readonly domain: DescriptorDomain
  readonly descriptors: readonly RateLimitDescriptor[]
  /** A descriptor's own limit has a number that is no unit: its rules apply. */
  readonly onOverrideIgnored: () => void
}

/**
 * The limits of a call, by descriptor and then by id: what the caller brought along for a descriptor, else the rules that match it, without
 * those that another one of the call replaces.
 */
export function selectLimits({ domain, descriptors, onOverrideIgnored }: SelectFrom): readonly SelectedLimit[] {
  const selected: SelectedLimit[] = []
  for (let descriptor = 0; descriptor < descriptors.length; descriptor += 1) {
    const asked = descriptors[descriptor]
    if (asked === undefined) continue
    const own = asked.override && overrideOf(domain.rule.id, asked.override)
    if (own !== undefined) {
      selected.push({ descriptor, rule: own })
      continue
    }
    if (asked.override !== undefined) onOverrideIgnored()
    const rules = matchDescriptor(domain, asked.entries)
    if (rules !== undefined) for (const rule of rules) selected.push({ descriptor, rule })
  }
  return withoutReplaced(selected)
}

/** Whether a limit came with the call: rows have at least one step. */
export function isOverride({ steps }: DescriptorRule): boolean {
  return steps.length === 0
}

/** A window of fixed length, enforced. Undefined where its unit is none. */
function overrideOf(
  domain: string,
  { requestsPerUnit, unit }: NonNullable<RateLimitDescriptor['override']>,
): DescriptorRule | undefined {
  if (unit === undefined) return undefined
  return {
    id: 'override',
    domain,
    steps: [],
    position: 0,
    amount: { kind: 'window', amount: requestsPerUnit, period: periods[unit] },
    replaces: [],
    shadow: false,
    quotaMode: false,
    detailedMetric: false,
  }
}

const periods: Readonly<Record<RateUnit, Period>> = {
  second: { unit: 'second', units: 1 },
  minute: { unit: 'minute', units: 1 },
  hour: { unit: 'hour', units: 1 },
  day: { unit: 'day', units: 1 },
  week: { unit: 'week', units: 1 },
  month: { unit: 'month', units: 1 },
  year: { unit: 'year', units: 1 },
}
