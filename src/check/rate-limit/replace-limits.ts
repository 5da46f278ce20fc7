import type { DescriptorRule } from '../../core/descriptor-rule.ts'
import type { SelectedLimit } from './select-limits.ts'

/**
 * The limits of a call without those whose name another one of the call replaces, also where that one is unlimited. Of limits that replace
 * each other, in a circle of any length, the first stays: so a call never loses all of its limits that way. One that is unlimited says so
 * also where it is replaced, as envoyproxy/ratelimit does.
 */
export function withoutReplaced(selected: readonly SelectedLimit[]): readonly SelectedLimit[] {
  if (!replacesAny(selected)) return selected
  const rules = [...new Set(selected.map(({ rule }) => rule))]
  const replaced = new Set(rules.filter((rule, index) => isReplaced(rule, index, rules)))
  return selected.filter(({ rule }) => rule.amount.kind === 'unlimited' || !replaced.has(rule))
}

function replacesAny(selected: readonly SelectedLimit[]): boolean {
  for (const { rule } of selected) if (rule.replaces.length > 0) return true
  return false
}

function isReplaced(rule: DescriptorRule, index: number, rules: readonly DescriptorRule[]): boolean {
  const by = rules.filter((other) => other !== rule && replaces(other, rule))
  if (by.length === 0) return false
  const below = reachedFrom(rule, rules)
  return by.some((other) => !below.has(other) || rules.indexOf(other) < index)
}

function replaces(rule: DescriptorRule, other: DescriptorRule): boolean {
  return other.name !== undefined && rule.replaces.includes(other.name)
}

/** What a rule replaces, what that replaces, and so on. */
function reachedFrom(rule: DescriptorRule, rules: readonly DescriptorRule[]): ReadonlySet<DescriptorRule> {
  const reached = new Set<DescriptorRule>()
  const left = [rule]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const other of rules) {
      if (reached.has(other) || !replaces(next, other)) continue
      reached.add(other)
      left.push(other)
    }
  }
  return reached
}
