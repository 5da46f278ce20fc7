import type { DescriptorRule, ValueMatch } from '../core/descriptor-rule.ts'
import { comparePlaces } from './prefix-patterns.ts'

/**
 * Rules in the order in which a descriptor finds them: by domain, then entry by entry by key, and of one key exact values, patterns by
 * position and then id, the key alone. A rule stands before those whose path begins with its own; of one path they stand by id.
 */
export function inMatchOrder(rules: Iterable<DescriptorRule>): readonly DescriptorRule[] {
  return groups(rules, ({ domain }) => domain)
    .sort(([one], [other]) => compareTexts(one, other))
    .flatMap(([, ofDomain]) => ofNode(ofDomain, 0))
}

function ofNode(rules: readonly DescriptorRule[], depth: number): readonly DescriptorRule[] {
  const here = rules.filter(({ steps }) => steps.length === depth)
  const below = rules.filter(({ steps }) => steps.length > depth)
  const byKey = groups(below, ({ steps }) => steps[depth]?.key ?? '').sort(([one], [other]) => compareTexts(one, other))
  return [...here.sort(byId), ...byKey.flatMap(([, ofKey]) => ofBranch(ofKey, depth))]
}

function ofBranch(rules: readonly DescriptorRule[], depth: number): readonly DescriptorRule[] {
  const matchOf = ({ steps }: DescriptorRule): ValueMatch => steps[depth]?.match ?? { kind: 'any' }
  const places = groups(rules, (rule) => JSON.stringify(matchOf(rule))).flatMap(([, part]) => {
    const [first] = part.toSorted(comparePlaces)
    return first === undefined ? [] : [{ part, first, match: matchOf(first) }]
  })
  const compare = (one: (typeof places)[number], other: (typeof places)[number]): number => {
    if (one.match.kind === 'exact' && other.match.kind === 'exact')
      return compareTexts(one.match.value, other.match.value)
    return rankOf(one.match) - rankOf(other.match) || comparePlaces(one.first, other.first)
  }
  return places.sort(compare).flatMap(({ part }) => ofNode(part, depth + 1))
}

function rankOf({ kind }: ValueMatch): number {
  if (kind === 'exact') return 0
  return kind === 'any' ? 2 : 1
}

function byId(one: DescriptorRule, other: DescriptorRule): number {
  return compareTexts(one.id, other.id)
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

function groups<Key>(rules: Iterable<DescriptorRule>, keyOf: (rule: DescriptorRule) => Key): [Key, DescriptorRule[]][] {
  return [...Map.groupBy(rules, keyOf)]
}
