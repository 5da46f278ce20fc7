import { comparePlaces, type Placed, PrefixPatterns } from './prefix-patterns.ts'

/** Patterns of one key at one place that are tried against a value: they bound the time of a call. Those that are looked up are not of them. */
const patternsMax = 1_000
/** Of them such as search the value, whose time grows with its length. */
const searchingMax = 100

/** One pattern of a key, with what comes after it. */
export interface Pattern<Node> extends Placed<Node> {
  readonly searches: boolean
  readonly matches: (value: string) => boolean
}

/** The patterns of one key at one place: those that are looked up, and the others in the order in which they are tried. Immutable. */
export class KeyPatterns<Node> {
  readonly prefixes: PrefixPatterns<Node>
  readonly #tried: readonly Pattern<Node>[]

  constructor(prefixes: PrefixPatterns<Node> = new PrefixPatterns(), tried: readonly Pattern<Node>[] = []) {
    this.prefixes = prefixes
    this.#tried = tried
  }

  get size(): number {
    return this.prefixes.size + this.#tried.length
  }

  /** What comes after the first pattern, by position and then id, that the value is of. */
  firstOf(value: string): Node | undefined {
    const found = this.prefixes.firstOf(value)
    for (const pattern of this.#tried) {
      if (found !== undefined && comparePlaces(found.first, pattern.first) < 0) break
      if (pattern.matches(value)) return pattern.node
    }
    return found?.node
  }
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
