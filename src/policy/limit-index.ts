import { type Grant, type LimitsInForce, raisedBy } from '../core/grant.ts'
import type { LimitRule } from '../core/limit.ts'
import { type Place, resolveLimits, scopeName, scopesOf } from '../core/resolve-limits.ts'
import { holds } from '../core/time-range.ts'

const resolvedMax = 20_000

interface Resolved {
  readonly scopes: readonly string[]
  /** Without what is granted. */
  readonly limits: readonly LimitRule[]
  /** What is granted to any of the scopes, now or later. */
  readonly grants: readonly Grant[]
  readonly inForce: LimitsInForce
}

/** The rows an index is made of. */
export interface LimitRows {
  readonly rules: Iterable<LimitRule>
  readonly grants?: Iterable<Grant>
}

/**
 * Limits by what they apply to, and what was resolved from them. Accounts without rules and grants of their own share the array of their
 * plan, project and department; the same array is answered until a row it rests on changes, a grant of it begins or ends (or 20,000
 * others were resolved meanwhile).
 */
export class LimitIndex {
  readonly #rules: ReadonlyMap<string, readonly LimitRule[]>
  readonly #grants: ReadonlyMap<string, readonly Grant[]>
  readonly #resolved: Map<string, Resolved>

  constructor({ rules, grants = [] }: LimitRows, previous?: LimitIndex) {
    this.#rules = Map.groupBy(rules, (rule) => scopeName(rule.appliesTo))
    this.#grants = Map.groupBy(grants, (grant) => scopeName(grant.grantedTo))
    this.#resolved = previous === undefined ? new Map() : this.#kept(previous)
  }

  /** The limits of a place as they stand at `nowMs`, and from when until when they do. */
  limitsOf(place: Place, nowMs: number): LimitsInForce {
    const own = scopeName({ kind: 'account', id: place.account })
    const hasOwn = this.#rules.has(own) || this.#grants.has(own)
    const key = `${place.plan} ${place.project} ${place.department} ${hasOwn ? place.account : ''}`
    const found = this.#resolved.get(key)
    if (found !== undefined && holds(found.inForce, nowMs)) return found.inForce
    const resolved = found === undefined ? this.#resolve(place, nowMs) : again(found, nowMs)
    if (found === undefined && this.#resolved.size >= resolvedMax) this.#forgetOldest()
    this.#resolved.set(key, resolved)
    return resolved.inForce
  }

  #resolve(place: Place, nowMs: number): Resolved {
    const scopes = scopesOf(place)
    const rules = scopes.flatMap((scope) => this.#rules.get(scope) ?? [])
    const grants = scopes.flatMap((scope) => this.#grants.get(scope) ?? [])
    const limits = resolveLimits(rules, place)
    return { scopes, limits, grants, inForce: raisedBy(limits, grants, nowMs) }
  }

  #forgetOldest(): void {
    const [oldest] = this.#resolved.keys()
    if (oldest !== undefined) this.#resolved.delete(oldest)
  }

  /** What rests only on scopes whose rules and grants are the same rows as before. */
  #kept(previous: LimitIndex): Map<string, Resolved> {
    const changed = new Set([
      ...changedScopes(this.#rules, previous.#rules),
      ...changedScopes(this.#grants, previous.#grants),
    ])
    return new Map([...previous.#resolved].filter(([, { scopes }]) => !scopes.some((scope) => changed.has(scope))))
  }
}

function again(resolved: Resolved, nowMs: number): Resolved {
  return { ...resolved, inForce: raisedBy(resolved.limits, resolved.grants, nowMs) }
}

type ByScope<Row> = ReadonlyMap<string, readonly Row[]>

function changedScopes<Row>(left: ByScope<Row>, right: ByScope<Row>): readonly string[] {
  const scopes = new Set([...left.keys(), ...right.keys()])
  return [...scopes].filter((scope) => !isSame(left.get(scope), right.get(scope)))
}

function isSame<Row>(left: readonly Row[] = [], right: readonly Row[] = []): boolean {
  if (left.length !== right.length) return false
  const rows = new Set(left)
  return right.every((rule) => rows.has(rule))
}
