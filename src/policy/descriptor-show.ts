import type { DescriptorAmount, DescriptorRule, DescriptorStep, DomainRule, Period } from '../core/descriptor-rule.ts'

type Line = Readonly<Record<string, string | boolean>>

/** A domain as people read it. */
export function domainLine(rule: DomainRule): Line {
  return {
    id: rule.id,
    counting: rule.counting,
    charges_refused: rule.chargesRefused,
    posture: rule.posture,
    shadow: rule.shadow,
    quota_mode: rule.quotaMode,
    headers: rule.headers === 'none' ? 'none' : `${rule.headers} of ${rule.headersShow}`,
    trusts: rule.trustsDescriptors ? `accounts of ${rule.surface ?? 'no surface'}` : 'reservations',
  }
}

/** What there is to say of a limit beside its own row. */
export interface LimitPlace {
  /** Undefined: there is none in force. */
  readonly domain: DomainRule | undefined
  /** Too many patterns of its key go before it. */
  readonly isUntried: boolean
}

/** A limit of descriptors as people read it: one text for its path and one for what it allows. */
export function descriptorLine(rule: DescriptorRule, place: LimitPlace): Line {
  return {
    domain: rule.domain,
    path: rule.steps.map(stepWords).join(', '),
    position: String(rule.position),
    id: rule.id,
    name: rule.name ?? '',
    allows: rule.isFaulty ? 'nothing: the row is faulty' : allowed(rule.amount),
    replaces: rule.replaces.join(', '),
    posture: rule.posture ?? 'as the domain',
    shadow: rule.shadow,
    quota_mode: rule.quotaMode,
    told_in_metrics: toldInMetrics(rule),
    remark: remarkOn(rule, place),
  }
}

/** Of which steps the values are a label of their own. */
function toldInMetrics({ steps, detailedMetric }: DescriptorRule): string {
  if (detailedMetric) return 'every value'
  return steps.flatMap(({ key, valueToMetric }) => (valueToMetric ? [key] : [])).join(', ')
}

function remarkOn({ amount }: DescriptorRule, { domain, isUntried }: LimitPlace): string {
  if (isUntried) return 'not tried: too many patterns of its key go before it, see policy check'
  if (amount.kind !== 'concurrency') return ''
  return `gives slots only to calls with rid${domain?.trustsDescriptors ? ' or request_id' : ''}, others pass`
}

function stepWords({ key, match, sharesThreshold }: DescriptorStep): string {
  const shares = sharesThreshold ? ' (all together)' : ''
  if (match.kind === 'any') return `${key}${shares}`
  if (match.kind === 'regex') return `${key} ~ ${match.pattern}${shares}`
  if (match.kind === 'cidr') return `${key} in ${match.cidr}${shares}`
  return `${key} = ${match.value === '' ? '""' : match.value}${shares}`
}

function allowed(amount: DescriptorAmount): string {
  if (amount.kind === 'unlimited') return 'everything'
  if (amount.kind === 'none') return 'everything, uncounted'
  if (amount.kind === 'concurrency') return `${amount.amount} at one time, each held ${amount.slotMs / 1_000} s at most`
  const each = `${amount.amount} ${periodWords(amount.period)}`
  return amount.kind === 'rate' ? `${each}, at most ${amount.burst} at once` : each
}

function periodWords({ unit, units, timeZone }: Period): string {
  const each = units === 1 ? `each ${unit}` : `each ${units} ${unit}s`
  return timeZone === undefined ? each : `${each} in ${timeZone}`
}
