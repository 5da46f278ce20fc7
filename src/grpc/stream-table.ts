/**
 * A map from ids to streams for a connection whose ids only rise: as much of a `Map` as Node's HTTP/2 sessions ask of theirs. Its table is made
 * anew only to grow, where a `Map` makes its own anew again and again while entries come and go.
 */
export class StreamTable<Stream> {
  #ids: number[]
  #streams: (Stream | undefined)[]
  #size = 0

  /** `slots`: a power of 2. */
  constructor(slots = 256) {
    this.#ids = new Array<number>(slots).fill(0)
    this.#streams = new Array<Stream | undefined>(slots).fill(undefined)
  }

  get size(): number {
    return this.#size
  }

  get(id: number): Stream | undefined {
    return this.#streams[this.#slotOf(id)]
  }

  set(id: number, stream: Stream): this {
    if ((this.#size + 1) * 2 > this.#ids.length) this.#grow()
    const slot = this.#slotOf(id)
    if (this.#ids[slot] !== id) this.#size += 1
    this.#ids[slot] = id
    this.#streams[slot] = stream
    return this
  }

  delete(id: number): boolean {
    const slot = this.#slotOf(id)
    if (this.#ids[slot] !== id) return false
    this.#size -= 1
    this.#close(slot)
    return true
  }

  /** Those that are there now; the visitor may take any of them out. */
  forEach(visit: (stream: Stream, id: number) => void): void {
    const found: { readonly stream: Stream; readonly id: number }[] = []
    for (const [slot, stream] of this.#streams.entries()) {
      if (stream !== undefined) found.push({ stream, id: this.#ids[slot] ?? 0 })
    }
    for (const { stream, id } of found) visit(stream, id)
  }

  /** Where the id is, else the empty slot where it would be. Ids of one side are all odd or all even: neighbours lie side by side. */
  #slotOf(id: number): number {
    const mask = this.#ids.length - 1
    let slot = (id >>> 1) & mask
    while (this.#ids[slot] !== id && this.#ids[slot] !== 0) slot = (slot + 1) & mask
    return slot
  }

  /** Those behind it move up, as far as they were displaced, so that no look-up ends at the gap. */
  #close(slot: number): void {
    const mask = this.#ids.length - 1
    let gap = slot
    for (let next = (gap + 1) & mask; this.#ids[next] !== 0; next = (next + 1) & mask) {
      const home = ((this.#ids[next] ?? 0) >>> 1) & mask
      if (((next - home) & mask) < ((next - gap) & mask)) continue
      this.#ids[gap] = this.#ids[next] ?? 0
      this.#streams[gap] = this.#streams[next]
      gap = next
    }
    this.#ids[gap] = 0
    this.#streams[gap] = undefined
  }

  #grow(): void {
    const larger = new StreamTable<Stream>(this.#ids.length * 2)
    this.forEach((stream, id) => void larger.set(id, stream))
    this.#ids = larger.#ids
    this.#streams = larger.#streams
  }
}
