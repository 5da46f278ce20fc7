import type { RateUnit } from '../core/descriptor-rule.ts'

/** By their number in `RateLimitResponse.RateLimit.Unit` and `envoy.type.v3.RateLimitUnit`; 0 is UNKNOWN. */
const units: readonly (RateUnit | undefined)[] = [
  undefined,
  'second',
  'minute',
  'hour',
  'day',
  'month',
  'year',
  // Envoy has it in the response only; who sends it in an override means it all the same.
  'week',
]

/** The unit of a number on the wire; undefined when it is none. */
export function rateUnitOf(number: number): RateUnit | undefined {
  return units[number]
}

/** The number of a unit on the wire; 0 (UNKNOWN) for a period that is no single unit. */
export function rateUnitNumber(unit: RateUnit | undefined): number {
  return unit === undefined ? 0 : units.indexOf(unit)
}
