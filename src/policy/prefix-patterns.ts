import type { DescriptorRule } from '../core/descriptor-rule.ts'
import { GroupedMap } from './grouped-map.ts'

/** What a pattern leads to, and the rule behind it that goes first: it says when the pattern is tried. */
export interface Placed<Node> {
  readonly node: Node
  readonly first: DescriptorRule
}

interface Prefixes<Node> {
  readonly byPrefix: GroupedMap<Placed<Node>>
  /** How many prefixes there are of each length. */
  readonly counts: ReadonlyMap<number, number>
  /** Ascending. */
  readonly lengths: readonly number[]
}

/**
 * Patterns `text*` of one key at one place, as many as there may be: they are looked up and not tried, once for each length that they have,
 * of which there are a thousand at the very most and mostly some tens. Immutable; a change copies little of it.
 */
export class PrefixPatterns<Node> {
  readonly #prefixes: Prefixes<Node>

  constructor(prefixes: Prefixes<Node> = { byPrefix: new GroupedMap(), counts: new Map(), lengths: [] }) {
    this.#prefixes = prefixes
  }

  get size(): number {
    return this.#prefixes.byPrefix.size
  }

  values(): Iterable<Placed<Node>> {
    return this.#prefixes.byPrefix.values()
  }

  /** Of those that the value begins with the one of the lowest position, then id; not the longest. */
  firstOf(value: string): Placed<Node> | undefined {
    const { byPrefix, lengths } = this.#prefixes
    let found: Placed<Node> | undefined
    for (const length of lengths) {
      if (length > value.length) break
      const other = byPrefix.get(value.slice(0, length))
      if (other !== undefined && (found === undefined || comparePlaces(other.first, found.first) < 0)) found = other
    }
    return found
  }

  /** With each named prefix made anew, or left out; the same when nothing is named. */
  edited<Edit>(
    edits: ReadonlyMap<string, Edit>,
    make: (placed: Placed<Node> | undefined, edit: Edit) => Placed<Node> | undefined,
  ): PrefixPatterns<Node> {
    if (edits.size === 0) return this
    const before = this.#prefixes
    const byPrefix = before.byPrefix.edited({ edits, make })
    const counts = new Map(before.counts)
    for (const prefix of edits.keys()) {
      const more = Number(byPrefix.get(prefix) !== undefined) - Number(before.byPrefix.get(prefix) !== undefined)
      const count = (counts.get(prefix.length) ?? 0) + more
      if (count === 0) counts.delete(prefix.length)
      else counts.set(prefix.length, count)
    }
    const lengths = [...counts.keys()].sort((one, other) => one - other)
    return new PrefixPatterns({ byPrefix, counts, lengths })
  }
}

/** The lowest position first, then the id. */
export function comparePlaces(one: DescriptorRule, other: DescriptorRule): number {
  return one.position - other.position || (one.id < other.id ? -1 : 1)
}
