import { Bag } from './bag.ts'

/** What is due when. Adding, removing and asking cost about the same however much there is, and what is due at one instant goes at once. */
export class Agenda<Item> {
  readonly #itemsAt = new Map<number, Bag<Item>>()
  /** The instants of the map as a binary heap: each comes before the two at twice its place. */
  #instants: number[] = []
  #size = 0

  /** `atMs` must be finite. */
  add(atMs: number, item: Item): void {
    const items = this.#itemsAt.get(atMs) ?? this.#open(atMs)
    if (items.add(item)) this.#size += 1
  }

  delete(atMs: number, item: Item): void {
    if (this.#itemsAt.get(atMs)?.delete(item) !== true) return
    this.#size -= 1
    if (this.#instants.length > 2 * this.#size + emptyMax) this.#compact()
  }

  /** When the first thing is due. */
  nextMs(): number | undefined {
    for (;;) {
      const [first] = this.#instants
      if (first === undefined || this.#itemsAt.get(first)?.size !== 0) return first
      this.#close()
    }
  }

  /** Takes what is due until an instant, the first first. */
  take(untilMs: number, countMax: number): readonly Item[] {
    const taken: Item[] = []
    for (let first = this.nextMs(); first !== undefined && first <= untilMs; first = this.nextMs()) {
      const due = firstOf(this.#itemsAt.get(first) ?? [], countMax - taken.length)
      for (const item of due) this.delete(first, item)
      taken.push(...due)
      if (taken.length >= countMax) break
    }
    return taken
  }

  /** Forgets what is due until an instant, without looking at each. */
  forget(untilMs: number): void {
    while ((this.#instants[0] ?? Number.POSITIVE_INFINITY) <= untilMs) this.#close()
  }

  #open(atMs: number): Bag<Item> {
    const items = new Bag<Item>()
    this.#itemsAt.set(atMs, items)
    this.#instants.push(atMs)
    rise(this.#instants)
    return items
  }

  #close(): void {
    const [first] = this.#instants
    if (first === undefined) return
    this.#size -= this.#itemsAt.get(first)?.size ?? 0
    this.#itemsAt.delete(first)
    sink(this.#instants)
  }

  /** Instants that lost everything stay until their turn, unless they become many. Sorted is a heap, too. */
  #compact(): void {
    for (const [atMs, items] of this.#itemsAt) if (items.size === 0) this.#itemsAt.delete(atMs)
    this.#instants = [...this.#itemsAt.keys()].sort((left, right) => left - right)
  }
}

const emptyMax = 1_024

function firstOf<Item>(items: Iterable<Item>, countMax: number): readonly Item[] {
  const first: Item[] = []
  for (const item of items) {
    if (first.length >= countMax) break
    first.push(item)
  }
  return first
}

/** Puts the last one in its place. */
function rise(heap: number[]): void {
  let place = heap.length - 1
  while (place > 0) {
    const above = (place - 1) >> 1
    if (at(heap, above) <= at(heap, place)) return
    swap(heap, above, place)
    place = above
  }
}

/** Takes the first away. */
function sink(heap: number[]): void {
  swap(heap, 0, heap.length - 1)
  heap.pop()
  for (let place = 0; ; ) {
    const left = 2 * place + 1
    const lesser = at(heap, left + 1) < at(heap, left) ? left + 1 : left
    if (at(heap, place) <= at(heap, lesser)) return
    swap(heap, place, lesser)
    place = lesser
  }
}

function at(heap: readonly number[], place: number): number {
  return heap[place] ?? Number.POSITIVE_INFINITY
}

function swap(heap: number[], left: number, right: number): void {
  ;[heap[left], heap[right]] = [at(heap, right), at(heap, left)]
}
