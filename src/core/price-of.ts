import type { Heat, PriceRule } from './price.ts'
import type { RequestKind } from './request.ts'
import type { Surface } from './subject.ts'

/** What decides a price. */
export interface Priced {
  readonly surface: Surface
  readonly kind: RequestKind
  /** Normalised package or model; empty when there is none. */
  readonly resource: string
  /** Of the resource, as last recomputed. */
  readonly heat: Heat
}

/** RE2, over the whole text. */
export type MatchesPattern = (pattern: string, text: string) => boolean

/**
 * The rule that prices a request: of `rules` (most specific first) the first whose surface, kind, heat and package match; without one, 1 credit.
 * `other`, a path that no layout knows, takes a rule of its own, else the one of an artifact: it may turn out to be one.
 */
export function priceOf(rules: readonly PriceRule[], request: Priced, matchesPattern: MatchesPattern): PriceRule {
  const found = rules.find((rule) => matches(rule, request, matchesPattern))
  if (request.kind !== 'other' || found?.kind === 'other') return found ?? lastResort(request.surface)
  return priceOf(rules, { ...request, kind: 'artifact' }, matchesPattern)
}

function matches(rule: PriceRule, request: Priced, matchesPattern: MatchesPattern): boolean {
  if (rule.surface !== request.surface) return false
  if (rule.kind !== undefined && rule.kind !== request.kind) return false
  if (rule.heat !== undefined && rule.heat !== request.heat) return false
  return rule.packagePattern === undefined || matchesPattern(rule.packagePattern, request.resource)
}

function lastResort(surface: Surface): PriceRule {
  return { id: 'default', surface, baseMilli: 1_000, tiers: [], charged: 'by_size', assumedBytes: 0 }
}
