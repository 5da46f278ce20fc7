import { z } from 'zod'
import {
  type DescriptorAmount,
  type DescriptorRule,
  type DescriptorStep,
  type Period,
  type RateUnit,
  rateUnits,
} from '../core/descriptor-rule.ts'
import { descriptorPath, readablePath } from './descriptor-path.ts'
import type { RawRow } from './ports.ts'
import { lastGood, type Substitute, type TableReader } from './quarantine.ts'
import { isTimeZone, oneOf, type RowRule, rowReader, slug } from './row-schema.ts'
import { shared, sharedPeriod } from './shared-parts.ts'

const exactMax = 2 ** 52
const slotsMax = 100_000
const unitsMax = 1_000
const secondsMax = 86_400
const secondsUsual = 3_600
const secondMs = 1_000
const replacesMax = 50
const rateUnitMs: Partial<Record<RateUnit, number>> = { second: secondMs, minute: 60_000, hour: 3_600_000 }
const hourMs = 3_600_000

const amountBound = 'descriptor_limit_amount_is_0_to_2_to_the_52'
const burstBound = 'descriptor_limit_burst_is_at_least_1'
const unitsBound = 'descriptor_limit_units_are_1_to_1000'
const heldBound = 'descriptor_limit_held_seconds_are_1_to_86400'
const replacesNames = 'descriptor_limit_replaces_names'

const shape = z.strictObject({
  id: slug,
  domain: z.string({ error: 'descriptor_limit_domain_exists' }),
  entries: descriptorPath,
  position: z.int(),
  name: z
    .string()
    .regex(/^[^\p{Cc}]{1,255}$/u, { error: 'descriptor_limit_name_is_1_to_255_visible_characters' })
    .nullable(),
  kind: oneOf(['window', 'rate', 'concurrency', 'unlimited', 'none'], 'descriptor_limit_kind_is_known'),
  amount: z.int({ error: amountBound }).min(0, { error: amountBound }).max(exactMax, { error: amountBound }).nullable(),
  unit: oneOf(rateUnits, 'descriptor_limit_unit_is_known').nullable(),
  units: z.int({ error: unitsBound }).min(1, { error: unitsBound }).max(unitsMax, { error: unitsBound }).nullable(),
  time_zone: z.string().refine(isTimeZone, { error: 'descriptor_limit_time_zone_is_known' }).nullable(),
  burst: z.int({ error: burstBound }).min(1, { error: burstBound }).nullable(),
  held_seconds: z
    .int({ error: heldBound })
    .min(1, { error: heldBound })
    .max(secondsMax, { error: heldBound })
    .nullable(),
  replaces: z
    .array(z.string({ error: replacesNames }).min(1, { error: replacesNames }))
    .max(replacesMax, { error: replacesNames }),
  shadow: z.boolean(),
  quota_mode: z.boolean(),
  detailed_metric: z.boolean(),
  charges_refused: z.boolean().nullable(),
  posture: oneOf(['allow', 'deny', 'local'], 'descriptor_limit_posture_is_known').nullable(),
})
type Row = z.output<typeof shape>

/** In the order of `migrations/0240_descriptors.sql`, by the same names. */
const rules: readonly RowRule<Row>[] = [
  [
    'descriptor_limit_has_an_amount_if_it_counts',
    ({ kind, amount }) => ['window', 'rate', 'concurrency'].includes(kind) === (amount !== null),
  ],
  [
    'descriptor_limit_concurrency_is_at_most_100000',
    (row) => row.kind !== 'concurrency' || (row.amount ?? 0) <= slotsMax,
  ],
  [
    'descriptor_limit_has_a_unit_if_it_has_time',
    ({ kind, unit }) => ['window', 'rate'].includes(kind) === (unit !== null),
  ],
  [unitsBound, (row) => row.units === null || row.unit !== null],
  ['descriptor_limit_rate_period_is_at_most_an_hour', (row) => row.kind !== 'rate' || rateMs(row) <= hourMs],
  ['descriptor_limit_rate_amount_is_at_least_1', (row) => row.kind !== 'rate' || (row.amount ?? 1) >= 1],
  ['descriptor_limit_burst_is_for_rates', (row) => row.burst === null || row.kind === 'rate'],
  [
    'descriptor_limit_burst_times_period_is_at_most_2_to_the_52',
    (row) => row.kind !== 'rate' || (row.burst ?? row.amount ?? 0) * rateMs(row) <= exactMax,
  ],
  ['descriptor_limit_time_zone_is_for_windows', (row) => row.time_zone === null || row.kind === 'window'],
  ['descriptor_limit_calendar_window_is_one_unit', (row) => row.time_zone === null || (row.units ?? 1) === 1],
  [
    'descriptor_limit_held_seconds_are_for_concurrency',
    (row) => row.held_seconds === null || row.kind === 'concurrency',
  ],
  ['descriptor_limit_does_not_replace_itself', (row) => row.name === null || !row.replaces.includes(row.name)],
]

export const descriptorLimitReader: TableReader<DescriptorRule> = {
  table: 'descriptor_limit',
  read: rowReader(shape, rules, ruleOf),
  substitute: (row, before) => lastGood(row, before?.isFaulty ? undefined : before) ?? denyAll(row),
  heldWhenEmptied: true,
}

function rateMs({ unit, units }: Row): number {
  return (unit === null ? 0 : (rateUnitMs[unit] ?? Number.POSITIVE_INFINITY)) * (units ?? 1)
}

function ruleOf(row: Row): DescriptorRule {
  return {
    id: row.id,
    domain: shared(row.domain),
    steps: row.entries,
    position: row.position,
    ...(row.name !== null && { name: row.name }),
    amount: amountOf(row),
    replaces: row.replaces.length === 0 ? noNames : row.replaces,
    shadow: row.shadow,
    quotaMode: row.quota_mode,
    detailedMetric: row.detailed_metric,
    ...(row.charges_refused !== null && { chargesRefused: row.charges_refused }),
    ...(row.posture !== null && { posture: row.posture }),
  }
}

const noNames: readonly string[] = []

function amountOf(row: Row): DescriptorAmount {
  const amount = row.amount ?? 0
  if (row.kind === 'window') return { kind: 'window', amount, period: periodOf(row) }
  if (row.kind === 'rate') return { kind: 'rate', amount, burst: row.burst ?? amount, period: periodOf(row) }
  if (row.kind !== 'concurrency') return { kind: row.kind }
  return { kind: 'concurrency', amount, slotMs: (row.held_seconds ?? secondsUsual) * secondMs }
}

function periodOf({ unit, units, time_zone: timeZone }: Row): Period {
  return sharedPeriod({ unit: unit ?? 'day', units: units ?? 1, ...(timeZone !== null && { timeZone }) })
}

/**
 * A faulty limit that was never seen good, of posture `deny` or of its domain's: nothing passes where it applies, as far as its path can be
 * read. Not for a shadow or a quota that is only told, which never refuse.
 */
function denyAll(row: RawRow): Substitute<DescriptorRule> | undefined {
  const posture = row['posture'] ?? undefined
  const steps = readablePath(row['entries'])
  if (posture === 'allow' || posture === 'local' || row['shadow'] === true || row['quota_mode'] === true)
    return undefined
  if (steps === undefined || typeof row['domain'] !== 'string') return undefined
  const noun = refusal({ id: String(row['id']), domain: row['domain'], steps })
  return posture === undefined
    ? { noun, inForce: 'denies if its domain does' }
    : { noun: { ...noun, posture: 'deny' }, inForce: 'denies' }
}

function refusal(of: { readonly id: string; readonly domain: string; readonly steps: readonly DescriptorStep[] }) {
  const noun: DescriptorRule = {
    ...of,
    position: 0,
    amount: { kind: 'window', amount: 0, period: { unit: 'day', units: 1 } },
    replaces: noNames,
    shadow: false,
    quotaMode: false,
    detailedMetric: false,
    isFaulty: true,
  }
  return noun
}
