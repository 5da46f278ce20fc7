import { z } from 'zod'
import { milliOfCredits } from '../core/credits.ts'
import { heats, type PriceRule } from '../core/price.ts'
import { requestKinds } from '../core/request.ts'
import { isPattern } from './pattern.ts'
import { lastGood, type TableReader } from './quarantine.ts'
import { oneOf, rowReader, slug } from './row-schema.ts'

const terabyte = 1e12
const petabyte = 1e15
const tiersMax = 100

/** Credits of SQL → millicredits, at most `milliMax`; else the named constraint is broken. */
function credits(constraint: string, milliMax: number): z.ZodType<number> {
  return z.string().transform((text, context) => {
    const milli = milliOfCredits(text)
    if (milli !== undefined && milli >= 0 && milli <= milliMax) return milli
    context.addIssue({ code: 'custom', message: constraint })
    return z.NEVER
  })
}

function bytes(constraint: string, max: number): z.ZodType<number> {
  return z.int({ error: constraint }).min(0, { error: constraint }).max(max, { error: constraint })
}

const tier = z.strictObject({
  from_bytes: bytes('tier_from_bytes_is_at_most_a_petabyte', petabyte),
  credits_per_mb: credits('tier_credits_per_mb_is_not_negative', 999_999_999),
})

export const priceReader: TableReader<PriceRule> = {
  table: 'price_rule',
  read: rowReader(
    z.strictObject({
      id: slug,
      surface: oneOf(['pypi', 'gpu'], 'price_surface_is_known'),
      kind: oneOf(requestKinds, 'price_kind_is_known').nullable(),
      package_pattern: z.string().refine(isPattern, { error: 'price_package_pattern_is_a_pattern' }).nullable(),
      heat: oneOf(heats, 'price_heat_is_known').nullable(),
      base_credits: credits('price_base_is_not_negative', 999_999_999_999),
      charged: oneOf(['by_size', 'at_the_door'], 'price_charged_is_known'),
      assumed_bytes: bytes('price_assumed_bytes_is_at_most_a_terabyte', terabyte),
      tiers: z.array(tier).max(tiersMax, { error: 'tier_is_one_of_at_most_100' }),
    }),
    [
      ['tier_of_a_price_begins_at_zero', ({ tiers }) => tiers.length === 0 || tiers[0]?.from_bytes === 0],
      ['tier_begins_once', ({ tiers }) => tiers.every((one, index) => one.from_bytes !== tiers[index - 1]?.from_bytes)],
    ],
    (row) => ({
      id: row.id,
      surface: row.surface,
      baseMilli: row.base_credits,
      tiers: row.tiers.map((one) => ({ fromBytes: one.from_bytes, milliPerMb: one.credits_per_mb })),
      charged: row.charged,
      assumedBytes: row.assumed_bytes,
      ...(row.kind !== null && { kind: row.kind }),
      ...(row.heat !== null && { heat: row.heat }),
      ...(row.package_pattern !== null && { packagePattern: row.package_pattern }),
    }),
  ),
  substitute: lastGood,
  heldWhenEmptied: true,
}

/** Most specific first: pattern and kind, pattern, kind, neither; of each sort one with heat first; of equals the first by id. */
export function comparePrices(left: PriceRule, right: PriceRule): number {
  return specificity(right) - specificity(left) || (left.id < right.id ? -1 : 1)
}

function specificity(rule: PriceRule): number {
  return (
    (rule.packagePattern === undefined ? 0 : 4) + (rule.kind === undefined ? 0 : 2) + (rule.heat === undefined ? 0 : 1)
  )
}
