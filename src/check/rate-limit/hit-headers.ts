import type { DescriptorRule, DomainRule } from '../../core/descriptor-rule.ts'
import { headerInteger, headerName, headerSeconds } from '../../core/rate-limit-headers.ts'
import { ruleTitleApart } from '../../core/rule-title.ts'
import type { Header } from '../../core/verdict.ts'
import { amountOf, type CountedLimit, isCloserToEnd, remainingOf } from './counted-limit.ts'
import type { CountedCall } from './descriptor-status.ts'
import { formOf } from './rule-form.ts'

/** More limits than this are not told: headers have a size. */
const limitsMax = 8

const none: readonly Header[] = []

/**
 * What a client is told of the enforced limits: RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-10, and the
 * X-RateLimit-* that Envoy itself writes for its DRAFT_VERSION_03, as the domain's row says.
 */
export function hitHeaders({ headers, headersShow }: DomainRule, counted: CountedCall): readonly Header[] {
  if (headers === 'none') return none
  const tightest = tightestOf(counted)
  if (tightest === undefined) return none
  const shown = headersShow === 'tightest' ? [tightest] : enforcedOf(counted)
  if (headers === 'ratelimit') return structured(shown)
  return headers === 'x_ratelimit' ? byEnvoy(tightest, shown) : [...structured(shown), ...byEnvoy(tightest, shown)]
}

function tightestOf({ limits }: CountedCall): CountedLimit | undefined {
  let tightest: CountedLimit | undefined
  for (const limit of limits)
    if (isShown(limit) && (tightest === undefined || isCloserToEnd(limit, tightest))) tightest = limit
  return tightest
}

function enforcedOf({ limits }: CountedCall): readonly CountedLimit[] {
  return limits.filter(isShown).slice(0, limitsMax)
}

/** Of a limit whose row is not valid, how much it allows is not known. */
function isShown({ line, rule }: CountedLimit): boolean {
  return line.enforced && rule.isFaulty !== true
}

function structured(shown: readonly CountedLimit[]): readonly Header[] {
  let policies = ''
  let states = ''
  for (const limit of shown) {
    const { line, rule, state } = limit
    const name = nameAmong(shown, rule)
    const separator = policies === '' ? '' : ', '
    const unit = line.kind === 'concurrency' ? ';qu="concurrent-requests"' : ''
    policies += `${separator}${name};q=${headerInteger(amountOf(line))}${unit};w=${headerSeconds(periodMsOf(limit))}`
    states += `${separator}${name};r=${headerInteger(remainingOf(limit))};t=${headerSeconds(state.resetMs)}`
  }
  return [
    { name: 'ratelimit-policy', value: policies },
    { name: 'ratelimit', value: states },
  ]
}

/** Names are unique among the policies of an answer: limits without one, on one path, are told apart by their period. */
function nameAmong(shown: readonly CountedLimit[], rule: DescriptorRule): string {
  const { headerName: name } = formOf(rule)
  if (rule.name !== undefined || shown.length === 1) return name
  const isShared = shown.some((other) => other.rule !== rule && formOf(other.rule).headerName === name)
  return isShared ? headerName(ruleTitleApart(rule)) : name
}

function byEnvoy(tightest: CountedLimit, shown: readonly CountedLimit[]): readonly Header[] {
  let limits = String(headerInteger(tightest.line.amount))
  for (const limit of shown) {
    const { line, rule } = limit
    const name = rule.name === undefined ? '' : `;name=${formOf(rule).headerName}`
    limits += `, ${headerInteger(line.amount)};w=${headerSeconds(unitMsOf(limit))}${name}`
  }
  return [
    { name: 'x-ratelimit-limit', value: limits },
    { name: 'x-ratelimit-remaining', value: String(headerInteger(remainingOf(tightest))) },
    { name: 'x-ratelimit-reset', value: String(headerSeconds(tightest.state.resetMs)) },
  ]
}

/** In how long the whole amount is there anew: the window's length, a full refill, or a slot's time. */
function periodMsOf({ line }: CountedLimit): number {
  if (line.kind === 'window') return line.endMs - line.startMs
  return line.kind === 'rate' ? Math.ceil((line.burst * line.periodMs) / line.amount) : line.slotMs
}

/** In how long `amount` hits are there: of a rate its period, whatever its burst. */
function unitMsOf(limit: CountedLimit): number {
  return limit.line.kind === 'rate' ? limit.line.periodMs : periodMsOf(limit)
}
