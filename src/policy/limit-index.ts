import { type Grant, type LimitsInForce, raisedBy } from '../core/grant.ts'
import type { LimitRule } from '../core/limit.ts'
import { type Place, resolveLimits, scopeName, scopesOf } from '../core/resolve-limits.ts'
import { holds } from '../core/time-range.ts'
import { type ScopedRows, scopeRows } from './scoped-rows.ts'
import type { ShardedMap } from './sharded-map.ts'

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
  readonly rules: ShardedMap<LimitRule>
  readonly grants: ShardedMap<Grant>
}

/**
 * Limits by what they apply to, and what was resolved from them. Accounts without rules and grants of their own share the array of their
 * plan, project and department; the same array is answered until a row it rests on changes, a grant of it begins or ends (or 20,000
 * others were resolved meanwhile).
 */
export class LimitIndex {
  readonly #rules: ScopedRows<LimitRule>
  readonly #grants: ScopedRows<Grant>
  readonly #resolved: Map<string, Resolved>

  constructor({ rules, grants }: LimitRows, previous?: LimitIndex) {
    const ruled = scopeRows(rules, (rule) => scopeName(rule.appliesTo), previous && previous.#rules)
    const granted = scopeRows(grants, (grant) => scopeName(grant.grantedTo), previous && previous.#grants)
    this.#rules = ruled.scoped
    this.#grants = granted.scoped
    // What rests only on scopes whose rules and grants are the same rows as before is kept.
    const isKept = ({ scopes }: Resolved): boolean =>
      !scopes.some((scope) => ruled.changed.has(scope) || granted.changed.has(scope))
    this.#resolved = new Map([...(previous ? previous.#resolved : [])].filter(([, resolved]) => isKept(resolved)))
  }

  /** The limits of a place as they stand at `nowMs`, and from when until when they do. */
  limitsOf(place: Place, nowMs: number): LimitsInForce {
    const own = scopeName({ kind: 'account', id: place.account })
    const hasOwn = [this.#rules, this.#grants].some(({ byScope }) => byScope.get(own) !== undefined)
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
    const rules = scopes.flatMap((scope) => this.#rules.byScope.get(scope) ?? [])
    const grants = scopes.flatMap((scope) => this.#grants.byScope.get(scope) ?? [])
    const limits = resolveLimits(rules, place)
    return { scopes, limits, grants, inForce: raisedBy(limits, grants, nowMs) }
  }

  #forgetOldest(): void {
    const [oldest] = this.#resolved.keys()
    if (oldest !== undefined) this.#resolved.delete(oldest)
  }
}

function again(resolved: Resolved, nowMs: number): Resolved {
  return { ...resolved, inForce: raisedBy(resolved.limits, resolved.grants, nowMs) }
}
