import type { LimitRule } from './limit.ts'
import type { Surface } from './subject.ts'

/** A limit as Envoy's rate limit override reads it from metadata (envoy.config.route.v3.RateLimit.Override): the wire's own words. */
export interface LimitStruct {
  readonly requests_per_unit: number
  readonly unit: 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY' | 'MONTH'
}

/** By the key under which each stands in Check's metadata: `limit.` and the limit's name. */
export type LimitStructs = Readonly<Record<string, LimitStruct>>

const unitOfMs: Readonly<Record<number, LimitStruct['unit']>> = { 1000: 'SECOND', 60000: 'MINUTE', 3600000: 'HOUR' }
const uint32Max = 2 ** 32 - 1
const limitsMax = 32

/** Arrays of limits live as long as the policy they come from; each is told the same way every time. */
const known = new WeakMap<readonly LimitRule[], Map<Surface, LimitStructs>>()

/**
 * The limits of requests on a surface, at most 32, as numbers that other rate limit rules can go by. Left out: shadow limits, those of other
 * quantities, and those whose period is none of Envoy's units, such as a week or 10 seconds. The same object for the same array.
 */
export function limitStructsOf(limits: readonly LimitRule[], surface: Surface): LimitStructs {
  const bySurface = known.get(limits) ?? new Map<Surface, LimitStructs>()
  const told = bySurface.get(surface) ?? structsOf(limits, surface)
  known.set(limits, bySurface.set(surface, told))
  return told
}

function structsOf(limits: readonly LimitRule[], surface: Surface): LimitStructs {
  const entries = limits.flatMap((limit) => {
    const unit = unitOf(limit)
    const isTold =
      (limit.surface === 'any' || limit.surface === surface) && limit.counts === 'requests' && !limit.shadow
    if (unit === undefined || !isTold || limit.isFaulty === true) return []
    return [[`limit.${limit.name}`, { requests_per_unit: Math.min(limit.amount, uint32Max), unit }] as const]
  })
  return Object.fromEntries(entries.slice(0, limitsMax))
}

function unitOf({ kind, window, periodMs = 0 }: LimitRule): LimitStruct['unit'] | undefined {
  if (kind === 'rate') return unitOfMs[periodMs]
  if (kind === 'concurrency') return undefined
  return window === 'hour' ? 'HOUR' : window === 'day' ? 'DAY' : window === 'month' ? 'MONTH' : undefined
}
