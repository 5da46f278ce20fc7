import type { DescriptorRule } from '../core/descriptor-rule.ts'

/** Patterns of one key at one place that are tried against a value: they bound the time of a call. */
const patternsMax = 1_000
/** Of them such as search the value, whose time grows with its length. */
const searchingMax = 100

/** One pattern of a key, with what comes after it. */
export interface Pattern<Node> {
  readonly searches: boolean
  readonly matches: (value: string) => boolean
  readonly node: Node
  /** The rule that goes first of those behind it: it says when the pattern is tried. */
  readonly first: DescriptorRule
}

/** In the order in which they are tried, and those that are too many. */
export function triedPatterns<Node>(patterns: readonly Pattern<Node>[]): {
  readonly tried: readonly Pattern<Node>[]
  readonly rest: readonly Pattern<Node>[]
} {
  const ordered = patterns.toSorted((one, other) => comparePlaces(one.first, other.first))
  const tried: Pattern<Node>[] = []
  const rest: Pattern<Node>[] = []
  let searching = 0
  for (const pattern of ordered) {
    const isTooMany = tried.length >= patternsMax || (pattern.searches && searching >= searchingMax)
    if (isTooMany) rest.push(pattern)
    else tried.push(pattern)
    if (pattern.searches) searching += 1
  }
  return { tried, rest }
}

/** The lowest position first, then the id. */
export function comparePlaces(one: DescriptorRule, other: DescriptorRule): number {
  return one.position - other.position || (one.id < other.id ? -1 : 1)
}
