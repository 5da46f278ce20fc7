/** Keeps what was last used: at least `countMin` values, at most twice as many. */
export class Recent<Value> {
  readonly #countMin: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  constructor(countMin: number) {
    this.#countMin = countMin
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: Value): void {
    // All that is old goes at once: the first of a map, out of which the first is taken again and again, is dear to find.
    if (this.#young.size >= this.#countMin && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
