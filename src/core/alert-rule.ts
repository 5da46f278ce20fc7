import { type Place, scopesOf } from './resolve-limits.ts'

/** One row of `alert_rule`, validated: at which percentages of a quota people are told. */
export interface AlertRule {
  readonly id: string
  /** The limit's name; absent: every quota. */
  readonly limitName?: string
  /** Whose limits, as `scopeName` spells it: `account:alice`, `anyone`. */
  readonly scope: string
  /** Ascending, each once. Empty: nobody is told. */
  readonly percents: readonly number[]
}

/** At which percentages people are told where no row says otherwise. */
export const defaultPercents: readonly number[] = [80, 95, 100]

/** Rules by what they are for, made once per policy. */
export type AlertRuleIndex = ReadonlyMap<string, AlertRule>

/** Of two rows for the same the first by id counts. */
export function indexAlertRules(rules: Iterable<AlertRule>): AlertRuleIndex {
  const index = new Map<string, AlertRule>()
  for (const rule of rules) {
    const key = keyOf(rule.scope, rule.limitName)
    const other = index.get(key)
    if (other === undefined || rule.id < other.id) index.set(key, rule)
  }
  return index
}

/**
 * The percentages for a limit at a place: of the most specific row, account over project over department over plan over neither, and of
 * equals the one that names the limit. The same array until that row changes. A project's own counter has a place without account and plan.
 */
export function alertPercentsFor(
  index: AlertRuleIndex,
  { limitName, place }: { readonly limitName: string; readonly place: Place },
): readonly number[] {
  if (index.size === 0) return defaultPercents
  for (const scope of scopesOf(place)) {
    const rule = index.get(keyOf(scope, limitName)) ?? index.get(keyOf(scope, undefined))
    if (rule !== undefined) return rule.percents
  }
  return defaultPercents
}

function keyOf(scope: string, limitName = ''): string {
  return `${scope} ${limitName}`
}
