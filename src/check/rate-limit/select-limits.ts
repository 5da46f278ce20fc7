import type { DescriptorRule, Period, RateUnit } from '../../core/descriptor-rule.ts'
import { type DescriptorDomain, matchDescriptor } from '../../core/match-descriptor.ts'
import type { Observer } from '../../telemetry/observer.ts'
import { countCase } from './hit-metrics.ts'
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
  readonly observer: Observer
}

/**
 * The limits of a call, by descriptor and then by id: what the caller brought along for a descriptor, else the rules that match it, without
 * those that another one of the call replaces.
 */
export function selectLimits({ domain, descriptors, observer }: SelectFrom): readonly SelectedLimit[] {
  const selected: SelectedLimit[] = []
  for (let descriptor = 0; descriptor < descriptors.length; descriptor += 1) {
    const asked = descriptors[descriptor]
    if (asked === undefined) continue
    const own = asked.override && overrideOf(domain.rule.id, asked.override)
    if (own !== undefined) {
      countCase(observer, 'override')
      selected.push({ descriptor, rule: own })
      continue
    }
    // A number that is no unit: the rules apply.
    if (asked.override !== undefined) countCase(observer, 'unknown_unit')
    const rules = matchDescriptor(domain, asked.entries)
    if (rules === undefined) countCase(observer, 'no_rule')
    else for (const rule of rules) selected.push({ descriptor, rule })
  }
  const left = withoutReplaced(selected)
  for (let replaced = selected.length - left.length; replaced > 0; replaced -= 1) countCase(observer, 'replaced')
  return left
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
