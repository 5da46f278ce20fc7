interface Due {
  readonly atMs: number
  readonly key: string
}

/** What can be forgotten when, soonest first: a binary heap, so that nothing ever has to be looked through. */
export class DueHeap {
  readonly #heap: Due[] = []

  /** Takes the soonest out if it is due by `nowMs`. */
  takeDue(nowMs: number): string | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.atMs > nowMs) return undefined
    const last = this.#heap.pop()
    if (last !== undefined && last !== first) this.#sink(last)
    return first.key
  }

  add(atMs: number, key: string): void {
    const heap = this.#heap
    const due = { atMs, key }
    let place = heap.length
    heap.push(due)
    while (place > 0) {
      const above = (place - 1) >>> 1
      const other = heap[above]
      if (other === undefined || other.atMs <= atMs) break
      heap[place] = other
      place = above
    }
    heap[place] = due
  }

  /** From the top down to its place. */
  #sink(due: Due): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      const right = heap[below + 1]
      if (right !== undefined && right.atMs < (heap[below]?.atMs ?? 0)) below += 1
      const other = heap[below]
      if (other === undefined || other.atMs >= due.atMs) break
      heap[place] = other
      place = below
    }
    heap[place] = due
  }
}
