import { creditsOfMilli } from '../core/credits.ts'
import type { Grant } from '../core/grant.ts'
import type { LimitRule, WindowKind } from '../core/limit.ts'
import type { PriceRule } from '../core/price.ts'
import type { CountedQuantity } from '../core/quantity.ts'
import { untoldBecause } from '../core/told-limit.ts'
import { descriptorLine, domainLine } from './descriptor-show.ts'
import { inMatchOrder } from './match-order.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** The policy in force as people read it: amounts in the unit of SQL, one flat line per row. */
export interface PolicyListing {
  readonly history: string
  readonly version: number
  readonly rows: Readonly<Record<string, number>>
  readonly limits: readonly Readonly<Record<string, string | boolean>>[]
  readonly grants: readonly Readonly<Record<string, string>>[]
  /** At which percentages people are told, where a row says so. */
  readonly alerts: readonly Readonly<Record<string, string>>[]
  readonly prices: readonly Readonly<Record<string, string>>[]
  readonly access: readonly Readonly<Record<string, string>>[]
  /** Rate limit domains, and the limits of their descriptors. */
  readonly domains: readonly Readonly<Record<string, string | boolean>>[]
  readonly descriptors: readonly Readonly<Record<string, string | boolean>>[]
  readonly upstreams: readonly Readonly<Record<string, string>>[]
}

/** What `tollgate policy show` prints. Limits by name, those of descriptors by domain and as they are matched, grants by id, whether they run or not, prices most specific first. */
export function policyShow(snapshot: PolicySnapshot): PolicyListing {
  const { tables } = snapshot.state
  const limits = [...tables.limit_rule.inForce.values()].sort((left, right) =>
    `${left.name} ${left.id}` < `${right.name} ${right.id}` ? -1 : 1,
  )
  const grants = [...tables.grant.inForce.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  const alerts = [...tables.alert_rule.inForce.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  const domains = [...tables.descriptor_domain.inForce.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  const upstreams = [...tables.upstream.inForce.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  return {
    history: snapshot.history,
    version: snapshot.version,
    rows: Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table.inForce.size])),
    limits: limits.map(limitLine),
    grants: grants.map((grant) => grantLine(grant, countsOf(limits, grant.limitName))),
    alerts: alerts.map((rule) => ({
      id: rule.id,
      limit: rule.limitName ?? 'every quota',
      for: rule.scope.replace(':', ' '),
      told_at: rule.percents.length === 0 ? 'never' : rule.percents.map((percent) => `${percent} %`).join(', '),
    })),
    prices: snapshot.priceRules.map(priceLine),
    access: snapshot.accessRules.map((rule) => ({
      id: rule.id,
      effect: rule.effect,
      surface: rule.surface ?? 'any',
      network: rule.cidr ?? 'any',
      account: rule.account ?? 'any',
      package_pattern: rule.packagePattern ?? 'any',
      expires: rule.expiresAtMs === undefined ? 'never' : new Date(rule.expiresAtMs).toISOString(),
      reason: rule.reason,
    })),
    domains: domains.map(domainLine),
    descriptors: descriptorLines(snapshot),
    upstreams: upstreams.map((upstream) => ({
      id: upstream.id,
      surface: upstream.surface,
      host: upstream.host ?? 'by route',
      mount_path: upstream.mountPath,
      grammar: upstream.grammar,
      origin_url: upstream.originUrl,
    })),
  }
}

function descriptorLines(snapshot: PolicySnapshot): PolicyListing['descriptors'] {
  const { descriptor_domain: domains, descriptor_limit: limits } = snapshot.state.tables
  const untried = snapshot.untriedLimits()
  return inMatchOrder(limits.inForce.values()).map((rule) =>
    descriptorLine(rule, { domain: domains.inForce.get(rule.domain), isUntried: untried.has(rule.id) }),
  )
}

function limitLine(rule: LimitRule): PolicyListing['limits'][number] {
  const { appliesTo } = rule
  return {
    name: rule.name,
    id: rule.id,
    allows: rule.isFaulty ? 'nothing: the row is faulty' : allowed(rule),
    per: rule.per,
    surface: rule.surface,
    applies_to: appliesTo.id === undefined ? 'anyone' : `${appliesTo.kind} ${appliesTo.id}`,
    enforce_at: rule.enforceAt,
    posture: rule.posture,
    shadow: rule.shadow,
    told: toldOf(rule),
  }
}

const untold: Readonly<Record<NonNullable<ReturnType<typeof untoldBecause>>, string>> = {
  no_quota: 'nobody: only of quotas',
  shadow: 'nobody: in shadow',
  address: 'nobody: an address',
  others_share: 'nobody: others share the counter',
}

function toldOf(rule: LimitRule): string {
  const why = untoldBecause(rule)
  return why === undefined ? 'of its levels' : untold[why]
}

function allowed(rule: LimitRule): string {
  const { counts, window = 'day', timeZone = "the account's zone", periodMs = 0, burst = 0, paceMsMax = 0 } = rule
  if (rule.kind === 'concurrency') return `${rule.amount} requests at one time`
  const amount = `${shown(counts, rule.amount)} ${counts}`
  if (rule.kind === 'quota') return `${amount} ${windowWords(window)} in ${timeZone}`
  const rate = `${amount} every ${periodMs} ms, at most ${shown(counts, burst)} at once`
  return paceMsMax === 0 ? rate : `${rate}, held up to ${paceMsMax} ms`
}

const weekDays: Readonly<Record<string, string>> = {
  week_mon: 'Monday',
  week_tue: 'Tuesday',
  week_wed: 'Wednesday',
  week_thu: 'Thursday',
  week_fri: 'Friday',
  week_sat: 'Saturday',
  week_sun: 'Sunday',
}

function windowWords(window: WindowKind): string {
  const day = weekDays[window]
  if (day !== undefined) return `a week from ${day}`
  return window === 'hour' ? 'an hour' : `a ${window}`
}

/** A name is of one thing that is counted; where it is not, a grant adds to each in its own unit. */
function countsOf(limits: readonly LimitRule[], name: string): CountedQuantity | undefined {
  return limits.find((limit) => limit.name === name)?.counts
}

function grantLine(grant: Grant, counts: CountedQuantity | undefined): PolicyListing['grants'][number] {
  const { grantedTo } = grant
  return {
    id: grant.id,
    limit: grant.limitName,
    adds: counts === undefined ? 'nothing: there is no such limit' : addedBy(grant, counts),
    to: `${grantedTo.kind} ${grantedTo.id}`,
    from: new Date(grant.startMs).toISOString(),
    until: new Date(grant.endMs).toISOString(),
  }
}

function addedBy({ amount, spent }: Grant, counts: CountedQuantity): string {
  const text = ({ whole, milli }: Grant['amount']) => shown(counts, counts === 'credits' ? milli : whole)
  return spent === undefined
    ? `${text(amount)} ${counts}`
    : `${text(amount)} ${counts} prepaid, ${text(spent)} of them spent`
}

function shown(counts: CountedQuantity, amount: number): string {
  return counts === 'credits' ? creditsOfMilli(amount) : String(amount)
}

function priceLine(rule: PriceRule): PolicyListing['prices'][number] {
  const tiers = rule.tiers.map((tier) => `${creditsOfMilli(tier.milliPerMb)}/MB from ${tier.fromBytes} bytes`)
  return {
    id: rule.id,
    surface: rule.surface,
    kind: rule.kind ?? 'any',
    package_pattern: rule.packagePattern ?? 'any',
    heat: rule.heat ?? 'any',
    credits: [creditsOfMilli(rule.baseMilli), ...tiers].join(' + '),
    charged: rule.charged,
    assumed_bytes: String(rule.assumedBytes),
  }
}
