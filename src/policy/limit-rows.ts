import { z } from 'zod'
import { milliOfCredits } from '../core/credits.ts'
import type { LimitRule, WindowKind } from '../core/limit.ts'
import { subjectKinds } from '../core/subject.ts'
import type { RawRow } from './ports.ts'
import { lastGood, type Substitute, type TableReader } from './quarantine.ts'
import { isTimeZone, oneOf, type RowRule, rowReader, slug } from './row-schema.ts'

const exactMax = 2 ** 52
const hourMs = 3_600_000
const capMax = 1_000
const paceMsMax = 60_000
/** What `pip` and its kin bear without a word: with it ten parallel installs pass where refusals alone would break `pdm lock`. */
const paceMsOfPackages = 3_000
const decimal = /^-?\d{1,16}(\.\d{1,3})?$/

const weekDays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const weekKinds: Readonly<Record<(typeof weekDays)[number], WindowKind>> = {
  monday: 'week_mon',
  tuesday: 'week_tue',
  wednesday: 'week_wed',
  thursday: 'week_thu',
  friday: 'week_fri',
  saturday: 'week_sat',
  sunday: 'week_sun',
}
const paceBound = 'limit_pace_is_at_most_a_minute'

const shape = z.strictObject({
  id: slug,
  name: slug,
  kind: oneOf(['rate', 'quota', 'concurrency'], 'limit_kind_is_known'),
  counts: oneOf(['requests', 'credits', 'bytes', 'in_flight'], 'limit_counts_a_known_quantity'),
  per: oneOf(subjectKinds, 'limit_per_is_known'),
  surface: oneOf(['pypi', 'gpu', 'api'], 'limit_surface_is_known').nullable(),
  amount: z.string().regex(decimal, { error: 'limit_amount_is_counted_exactly' }),
  burst: z.string().regex(decimal, { error: 'limit_burst_times_period_is_counted_exactly' }).nullable(),
  every_ms: z.number().nullable(),
  window: oneOf(['hour', 'day', 'week', 'month'], 'limit_window_is_known').nullable(),
  week_starts: oneOf(weekDays, 'limit_week_starts_on_a_day').nullable(),
  time_zone: z.string().refine(isTimeZone, { error: 'limit_time_zone_is_known' }).nullable(),
  pace_ms_max: z.int({ error: paceBound }).min(0, { error: paceBound }).max(paceMsMax, { error: paceBound }).nullable(),
  applies_to_plan: slug.nullable(),
  applies_to_account: slug.nullable(),
  applies_to_project: slug.nullable(),
  applies_to_department: slug.nullable(),
  enforce_at: oneOf(['artifact', 'everything'], 'limit_enforce_at_is_known'),
  posture: oneOf(['allow', 'deny', 'local'], 'limit_posture_is_known'),
  shadow: z.boolean(),
  refuses_with_429: z.boolean(),
})
type Row = z.output<typeof shape>

/** In the order of `migrations/0002_policy_rules.sql`, `0006_limit_kinds.sql` and `0230_portal.sql`, by the same names. */
const rules: readonly RowRule<Row>[] = [
  ['limit_amount_is_not_negative', (row) => !row.amount.startsWith('-')],
  ['limit_amount_is_counted_exactly', (row) => (codeAmount(row, row.amount) ?? 0) <= exactMax],
  [
    'limit_is_whole_unless_of_credits',
    (row) =>
      codeAmount(row, row.amount) !== undefined && (row.burst === null || codeAmount(row, row.burst) !== undefined),
  ],
  ['limit_rate_has_burst_and_every', (row) => row.kind !== 'rate' || (row.burst !== null && row.every_ms !== null)],
  ['limit_rate_has_no_window', (row) => row.kind !== 'rate' || (row.window === null && row.time_zone === null)],
  ['limit_rate_lets_something_through', (row) => row.kind !== 'rate' || Number(row.amount) > 0],
  ['limit_burst_is_positive', (row) => row.burst === null || Number(row.burst) > 0],
  ['limit_every_is_at_most_one_hour', (row) => row.every_ms === null || (row.every_ms > 0 && row.every_ms <= hourMs)],
  ['limit_every_is_whole_milliseconds', (row) => row.every_ms === null || Number.isInteger(row.every_ms)],
  [
    'limit_burst_times_period_is_counted_exactly',
    (row) => row.burst === null || (codeAmount(row, row.burst) ?? 0) * (row.every_ms ?? 0) <= exactMax,
  ],
  ['limit_quota_has_a_window', (row) => row.kind !== 'quota' || row.window !== null],
  ['limit_quota_has_no_burst', (row) => row.kind !== 'quota' || (row.burst === null && row.every_ms === null)],
  ['limit_applies_to_one_thing', (row) => scopes(row).length <= 1],
  ['limit_429_is_for_quotas', (row) => row.kind === 'quota' || !row.refuses_with_429],
  [
    'limit_counts_in_flight_if_it_is_concurrency',
    (row) => (row.kind === 'concurrency') === (row.counts === 'in_flight'),
  ],
  ['limit_concurrency_is_at_most_1000', (row) => row.kind !== 'concurrency' || Number(row.amount) <= capMax],
  [
    'limit_concurrency_has_no_burst',
    (row) => row.kind !== 'concurrency' || (row.burst === null && row.every_ms === null),
  ],
  [
    'limit_concurrency_has_no_window',
    (row) => row.kind !== 'concurrency' || (row.window === null && row.time_zone === null),
  ],
  ['limit_week_starts_is_for_weeks', (row) => row.week_starts === null || row.window === 'week'],
  ['limit_pace_is_for_rates', (row) => row.pace_ms_max === null || row.kind === 'rate'],
  ['limit_of_the_api_is_a_rate_of_requests', (row) => row.surface !== 'api' || isRateOfRequests(row)],
]

function isRateOfRequests({ kind, counts, per, pace_ms_max: paceMs }: Row): boolean {
  return kind === 'rate' && counts === 'requests' && (per === 'account' || per === 'address') && (paceMs ?? 0) === 0
}

export const limitReader: TableReader<LimitRule> = {
  table: 'limit_rule',
  read: rowReader(shape, rules, limitOf),
  substitute: (row, before) => lastGood(row, before?.isFaulty ? undefined : before) ?? denyAll(row),
  heldWhenEmptied: true,
}

function limitOf(row: Row): LimitRule {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    counts: row.counts,
    per: row.per,
    surface: row.surface ?? 'any',
    amount: codeAmount(row, row.amount) ?? 0,
    ...(row.burst !== null && { burst: codeAmount(row, row.burst) ?? 1 }),
    ...(row.every_ms !== null && { periodMs: row.every_ms }),
    ...(row.kind === 'rate' && { paceMsMax: row.pace_ms_max ?? (row.surface === 'pypi' ? paceMsOfPackages : 0) }),
    ...(row.window !== null && { window: windowOf(row.window, row.week_starts ?? 'monday') }),
    ...(row.time_zone !== null && { timeZone: row.time_zone }),
    appliesTo: scopes(row)[0] ?? { kind: 'anyone' },
    enforceAt: row.enforce_at,
    posture: row.posture,
    shadow: row.shadow,
    refusesWith429: row.refuses_with_429,
  }
}

/** A week is named after its first day. */
function windowOf(window: NonNullable<Row['window']>, starts: (typeof weekDays)[number]): WindowKind {
  return window === 'week' ? weekKinds[starts] : window
}

/** Text of SQL → code units; undefined when it is not a whole number of them. */
function codeAmount({ counts }: Pick<Row, 'counts'>, text: string): number | undefined {
  if (counts === 'credits') return milliOfCredits(text)
  const whole = Number(text)
  return Number.isSafeInteger(whole) ? whole : undefined
}

/** What the row says it applies to, widest first. */
function scopes(row: RawRow): readonly LimitRule['appliesTo'][] {
  return (['plan', 'department', 'project', 'account'] as const).flatMap((kind) => {
    const id = row[`applies_to_${kind}`]
    return typeof id === 'string' ? [{ kind, id }] : []
  })
}

/** A faulty limit of posture `deny` that was never seen good: nothing passes where it applies. Not for a shadow, which never refuses. */
function denyAll(row: RawRow): Substitute<LimitRule> | undefined {
  if (row['posture'] !== 'deny' || row['shadow'] === true) return undefined
  const id = String(row['id'])
  const name = slug.safeParse(row['name'])
  const noun: LimitRule = {
    id,
    name: name.success ? name.data : id,
    kind: 'quota',
    counts: 'requests',
    per: 'account',
    surface: row['surface'] === 'pypi' || row['surface'] === 'gpu' || row['surface'] === 'api' ? row['surface'] : 'any',
    amount: 0,
    window: 'day',
    timeZone: 'UTC',
    appliesTo: scopes(row)[0] ?? { kind: 'anyone' },
    enforceAt: 'everything',
    posture: 'deny',
    shadow: false,
    refusesWith429: false,
    isFaulty: true,
  }
  return { noun, inForce: 'denies' }
}
