const groupCount = 256
/** A smaller map is copied as fast as it is split. */
const undividedMax = 1_024

type Edits<Value, Edit> = {
  readonly edits: ReadonlyMap<string, Edit>
  /** The new value; undefined: none any more. */
  readonly make: (value: Value | undefined, edit: Edit) => Value | undefined
}

/**
 * An immutable map by text that is looked up as fast as a `Map`. A changed copy of a large one shares all groups but the touched, so one
 * changed value among a hundred thousand copies some hundreds.
 */
export class GroupedMap<Value> {
  readonly #groups: readonly ReadonlyMap<string, Value>[]
  readonly size: number

  constructor(groups: readonly ReadonlyMap<string, Value>[] = [new Map()]) {
    this.#groups = groups
    this.size = groups.reduce((sum, group) => sum + group.size, 0)
  }

  get(key: string): Value | undefined {
    // Text that came over the wire has no hash yet, and most maps of exact values are empty.
    if (this.size === 0) return undefined
    const groups = this.#groups
    return groups[groups.length === 1 ? 0 : groupOf(key)]?.get(key)
  }

  *values(): Iterable<Value> {
    for (const group of this.#groups) yield* group.values()
  }

  /** The map with each named value made anew, or left out; the same map when nothing is named. */
  edited<Edit>({ edits, make }: Edits<Value, Edit>): GroupedMap<Value> {
    if (edits.size === 0) return this
    const groups: ReadonlyMap<string, Value>[] = [...this.#dividedFor(this.size + edits.size)]
    const isOne = groups.length === 1
    const byGroup = new Map<number, Map<string, Value>>()
    for (const [key, edit] of edits) {
      const nth = isOne ? 0 : groupOf(key)
      const group = byGroup.get(nth) ?? new Map(groups[nth])
      byGroup.set(nth, group)
      const made = make(group.get(key), edit)
      if (made === undefined) group.delete(key)
      else group.set(key, made)
    }
    for (const [nth, group] of byGroup) groups[nth] = group
    return new GroupedMap(groups)
  }

  /** Once divided it stays so. */
  #dividedFor(size: number): readonly ReadonlyMap<string, Value>[] {
    if (this.#groups.length > 1 || size <= undividedMax) return this.#groups
    const groups = Array.from({ length: groupCount }, () => new Map<string, Value>())
    for (const [key, value] of this.#groups[0] ?? []) groups[groupOf(key)]?.set(key, value)
    return groups
  }
}

/** FNV-1a over the last 16 characters, where values of one kind differ most. */
function groupOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = Math.max(0, key.length - 16); index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  }
  return (hash ^ (hash >>> 15)) & (groupCount - 1)
}
