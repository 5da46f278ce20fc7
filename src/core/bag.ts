const fewMax = 32

/** A set that takes little room while it is small, for where there are hundreds of thousands of them. */
export class Bag<Item> {
  #few: Item[] | undefined = []
  #many: Set<Item> | undefined

  get size(): number {
    return this.#many?.size ?? this.#few?.length ?? 0
  }

  [Symbol.iterator](): Iterator<Item> {
    return (this.#many ?? this.#few ?? []).values()
  }

  /** Whether it was not in it. */
  add(item: Item): boolean {
    if (this.#few === undefined) {
      const before = this.size
      return (this.#many?.add(item).size ?? before) > before
    }
    if (this.#few.includes(item)) return false
    this.#few.push(item)
    if (this.#few.length > fewMax) {
      this.#many = new Set(this.#few)
      this.#few = undefined
    }
    return true
  }

  /** Whether it was in it. */
  delete(item: Item): boolean {
    if (this.#few === undefined) return this.#many?.delete(item) ?? false
    const place = this.#few.indexOf(item)
    if (place < 0) return false
    this.#few.splice(place, 1)
    return true
  }
}
