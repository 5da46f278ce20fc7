import type { LimitRule } from '../core/limit.ts'
import { type Place, resolveLimits, scopeName, scopesOf } from '../core/resolve-limits.ts'

const resolvedMax = 20_000

interface Resolved {
  readonly scopes: readonly string[]
  readonly limits: readonly LimitRule[]
}

/**
 * Limits by what they apply to, and what was resolved from them. Accounts without rules of their own share the array of their plan,
 * project and department; the same array is answered until a rule it rests on changes (or 20,000 others were resolved meanwhile).
 */
export class LimitIndex {
  readonly #byScope: ReadonlyMap<string, readonly LimitRule[]>
  readonly #resolved: Map<string, Resolved>

  constructor(rules: Iterable<LimitRule>, previous?: LimitIndex) {
    this.#byScope = Map.groupBy(rules, (rule) => scopeName(rule.appliesTo))
    this.#resolved = previous === undefined ? new Map() : this.#kept(previous)
  }

  limitsOf(place: Place): readonly LimitRule[] {
    const hasOwn = this.#byScope.has(scopeName({ kind: 'account', id: place.account }))
    const key = `${place.plan} ${place.project} ${place.department} ${hasOwn ? place.account : ''}`
    const found = this.#resolved.get(key)
    if (found !== undefined) return found.limits
    const scopes = scopesOf(place)
    const limits = resolveLimits(
      scopes.flatMap((scope) => this.#byScope.get(scope) ?? []),
      place,
    )
    if (this.#resolved.size >= resolvedMax) this.#forgetOldest()
    this.#resolved.set(key, { scopes, limits })
    return limits
  }

  #forgetOldest(): void {
    const [oldest] = this.#resolved.keys()
    if (oldest !== undefined) this.#resolved.delete(oldest)
  }

  /** What rests only on scopes whose rules are the same rows as before. */
  #kept(previous: LimitIndex): Map<string, Resolved> {
    const changed = new Set<string>()
    for (const scope of new Set([...this.#byScope.keys(), ...previous.#byScope.keys()])) {
      if (!isSame(this.#byScope.get(scope), previous.#byScope.get(scope))) changed.add(scope)
    }
    return new Map([...previous.#resolved].filter(([, { scopes }]) => !scopes.some((scope) => changed.has(scope))))
  }
}

function isSame(left: readonly LimitRule[] = [], right: readonly LimitRule[] = []): boolean {
  if (left.length !== right.length) return false
  const rows = new Set(left)
  return right.every((rule) => rows.has(rule))
}
