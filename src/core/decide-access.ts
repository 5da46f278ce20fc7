import type { AccessRule } from './access.ts'
import { type Cidr, contains, overlaps, parseCidr } from './cidr.ts'
import type { MatchesPattern } from './price-of.ts'
import type { RequestKind } from './request.ts'
import type { Surface } from './subject.ts'

/** What access rules look at. */
export interface AccessFacts {
  readonly surface: Surface
  readonly kind: RequestKind
  /** Account id. */
  readonly account: string
  /** As in `RequestFacts`: IPv6 as its /64; `unknown` lies in no block. */
  readonly address: string
  readonly resource: string
  readonly nowMs: number
}

export type AccessDecision = { readonly kind: 'allow' } | { readonly kind: 'deny'; readonly reason: string }

const allow: AccessDecision = { kind: 'allow' }

/**
 * A `deny` that matches beats everything. `allow` rules are lists of what is left: a caller (surface and account) to whom any `allow` rule
 * applies must match one of them wholly, address and package included; a caller to whom none applies may do everything.
 *
 * Strict where the facts are coarse: an IPv6 caller is known by its /64, so a `deny` of one address in it denies it, an `allow` of less
 * than a /64 admits nobody. An `allow` by package lets the root list pass, but no file whose package is not known.
 */
export function decideAccess(
  rules: readonly AccessRule[],
  facts: AccessFacts,
  matchesPattern: MatchesPattern,
): AccessDecision {
  if (rules.length === 0) return allow
  const caller = rules.some((rule) => rule.cidr !== undefined) ? parseCidr(facts.address) : undefined
  const live = rules.filter((rule) => isFor(rule, facts))
  const denied = live.find(
    (rule) => rule.effect === 'deny' && isAt(rule, caller, overlaps) && concerns(rule, facts, matchesPattern),
  )
  if (denied) return { kind: 'deny', reason: denied.reason }
  const lists = live.filter((rule) => rule.effect === 'allow')
  const admitted = lists.some((rule) => isAt(rule, caller, contains) && concerns(rule, facts, matchesPattern))
  return lists.length === 0 || admitted ? allow : { kind: 'deny', reason: lists[0]?.reason ?? '' }
}

function isFor(rule: AccessRule, { surface, account, nowMs }: AccessFacts): boolean {
  if (rule.expiresAtMs !== undefined && rule.expiresAtMs <= nowMs) return false
  if (rule.surface !== undefined && rule.surface !== surface) return false
  return rule.account === undefined || rule.account === account
}

function isAt(rule: AccessRule, caller: Cidr | undefined, holds: (block: Cidr, caller: Cidr) => boolean): boolean {
  if (rule.cidr === undefined) return true
  const block = blockOf(rule, rule.cidr)
  return block !== undefined && caller !== undefined && holds(block, caller)
}

function concerns(rule: AccessRule, { kind, resource }: AccessFacts, matchesPattern: MatchesPattern): boolean {
  if (rule.packagePattern === undefined) return true
  if (resource !== '') return matchesPattern(rule.packagePattern, resource)
  return rule.effect === 'allow' && kind === 'root'
}

/** Rows are immutable, so each is parsed once. */
const blocks = new WeakMap<AccessRule, Cidr | undefined>()

function blockOf(rule: AccessRule, cidr: string): Cidr | undefined {
  if (!blocks.has(rule)) blocks.set(rule, parseCidr(cidr))
  return blocks.get(rule)
}
