import { type Grant, type LimitsInForce, raisedBy } from '../core/grant.ts'
import type { LimitRule } from '../core/limit.ts'
import { type Place, resolveLimits, scopeName, scopesOf } from '../core/resolve-limits.ts'
import { holds } from '../core/time-range.ts'
import { Recent } from './recent.ts'
import { type ScopedRows, scopeRows } from './scoped-rows.ts'
import type { ShardedMap } from './sharded-map.ts'

const resolvedMin = 10_000

interface Resolved {
  /** The index that found it to rest on its own rows. */
  readonly of: object
  /** The rows it rests on: of each scope the rules, then of each scope the grants. */
  readonly sources: readonly (readonly unknown[] | undefined)[]
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
 * plan, project and department; the same array is answered until a row it rests on changes, a grant of it begins or ends (or 10,000
 * others were resolved meanwhile).
 */
export class LimitIndex {
  readonly #rules: ScopedRows<LimitRule>
  readonly #grants: ScopedRows<Grant>
  /** Shared with the index before and the next one: each looks whether what it finds rests on its own rows. */
  readonly #resolved: Recent<Resolved>
  readonly #mark = {}

  constructor({ rules, grants }: LimitRows, previous?: LimitIndex) {
    this.#rules = scopeRows(rules, (rule) => scopeName(rule.appliesTo), previous && previous.#rules)
    this.#grants = scopeRows(grants, (grant) => scopeName(grant.grantedTo), previous && previous.#grants)
    this.#resolved = previous === undefined ? new Recent(resolvedMin) : previous.#resolved
  }

  /** The limits of a place as they stand at `nowMs`, and from when until when they do. */
  limitsOf(place: Place, nowMs: number): LimitsInForce {
    const own = scopeName({ kind: 'account', id: place.account })
    const hasOwn = [this.#rules, this.#grants].some(({ byScope }) => byScope.get(own) !== undefined)
    const key = `${place.plan} ${place.project} ${place.department} ${hasOwn ? place.account : ''}`
    const found = this.#resolved.get(key)
    if (found?.of === this.#mark && holds(found.inForce, nowMs)) return found.inForce
    const resolved = this.#resolve(place, { found, nowMs })
    this.#resolved.set(key, resolved)
    return resolved.inForce
  }

  #resolve(place: Place, { found, nowMs }: { readonly found: Resolved | undefined; readonly nowMs: number }): Resolved {
    const scopes = scopesOf(place)
    const rules = scopes.map((scope) => this.#rules.byScope.get(scope))
    const granted = scopes.map((scope) => this.#grants.byScope.get(scope))
    const sources = [...rules, ...granted]
    const of = this.#mark
    if (found !== undefined && sources.every((rows, nth) => rows === found.sources[nth])) {
      return {
        ...found,
        of,
        inForce: holds(found.inForce, nowMs) ? found.inForce : raisedBy(found.limits, found.grants, nowMs),
      }
    }
    const [applying, grants] = [rules.flatMap((rows) => rows ?? []), granted.flatMap((rows) => rows ?? [])]
    const limits = resolveLimits(applying, place)
    return { of, sources, limits, grants, inForce: raisedBy(limits, grants, nowMs) }
  }
}
