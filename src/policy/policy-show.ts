import { creditsOfMilli } from '../core/credits.ts'
import type { LimitRule } from '../core/limit.ts'
import type { PriceRule } from '../core/price.ts'
import type { CountedQuantity } from '../core/quantity.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** The policy in force as people read it: amounts in the unit of SQL, one flat line per row. */
export interface PolicyListing {
  readonly history: string
  readonly version: number
  readonly rows: Readonly<Record<string, number>>
  readonly limits: readonly Readonly<Record<string, string | boolean>>[]
  readonly prices: readonly Readonly<Record<string, string>>[]
  readonly access: readonly Readonly<Record<string, string>>[]
  readonly upstreams: readonly Readonly<Record<string, string>>[]
}

/** What `tollgate policy show` prints. Limits by name, prices most specific first. */
export function policyShow(snapshot: PolicySnapshot): PolicyListing {
  const { tables } = snapshot.state
  const limits = [...tables.limit_rule.inForce.values()].sort((left, right) =>
    `${left.name} ${left.id}` < `${right.name} ${right.id}` ? -1 : 1,
  )
  const upstreams = [...tables.upstream.inForce.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  return {
    history: snapshot.history,
    version: snapshot.version,
    rows: Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table.inForce.size])),
    limits: limits.map(limitLine),
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

function limitLine(rule: LimitRule): PolicyListing['limits'][number] {
  const { appliesTo } = rule
  return {
    name: rule.name,
    id: rule.id,
    allows: rule.isFaulty
      ? 'nothing: the row is faulty'
      : `${shown(rule.counts, rule.amount)} ${rule.counts} ${spanOf(rule)}`,
    per: rule.per,
    surface: rule.surface,
    applies_to: appliesTo.id === undefined ? 'anyone' : `${appliesTo.kind} ${appliesTo.id}`,
    enforce_at: rule.enforceAt,
    posture: rule.posture,
    shadow: rule.shadow,
  }
}

function spanOf(rule: LimitRule): string {
  if (rule.kind === 'quota') return `a ${rule.window ?? 'day'} in ${rule.timeZone ?? "the account's zone"}`
  return `every ${rule.periodMs ?? 0} ms, at most ${shown(rule.counts, rule.burst ?? 0)} at once`
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
    credits: [creditsOfMilli(rule.baseMilli), ...tiers].join(' + '),
    charged: rule.charged,
    assumed_bytes: String(rule.assumedBytes),
  }
}
