import type { LimitRule } from './limit.ts'

/** Where an account stands: what its limits are looked up by. */
export interface Place {
  readonly account: string
  readonly project: string
  readonly department: string
  readonly plan: string
}

type AppliesTo = LimitRule['appliesTo']

/** Most specific first. */
const ranks: readonly AppliesTo['kind'][] = ['account', 'project', 'department', 'plan', 'anyone']

/** Names what a rule applies to, in maps: `account:alice`, `anyone`. */
export function scopeName({ kind, id }: AppliesTo): string {
  return id === undefined ? kind : `${kind}:${id}`
}

/** Every scope a place falls under, as `scopeName` spells them. */
export function scopesOf(place: Place): readonly string[] {
  return ranks.map((kind) => scopeName(kind === 'anyone' ? { kind } : { kind, id: place[kind] }))
}

/**
 * One name = one limit: of the rules with one name that apply to the place the most specific one (account > project > department >
 * plan > anyone), of equals the first by id. Sorted by name.
 */
export function resolveLimits(rules: Iterable<LimitRule>, place: Place): readonly LimitRule[] {
  const chosen = new Map<string, LimitRule>()
  for (const rule of rules) {
    if (!applies(rule.appliesTo, place)) continue
    const other = chosen.get(rule.name)
    if (other === undefined || isMoreSpecific(rule, other)) chosen.set(rule.name, rule)
  }
  return [...chosen.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}

function applies({ kind, id }: AppliesTo, place: Place): boolean {
  return kind === 'anyone' || place[kind] === id
}

function isMoreSpecific(rule: LimitRule, other: LimitRule): boolean {
  const difference = ranks.indexOf(rule.appliesTo.kind) - ranks.indexOf(other.appliesTo.kind)
  return difference < 0 || (difference === 0 && rule.id < other.id)
}
