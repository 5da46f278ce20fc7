import type { SlotHitLine } from '../core/hit.ts'
import type { SlotSight } from '../core/hit-look.ts'

interface HeldSlot {
  readonly id: string
  readonly endsAtMs: number
}

/** The slots of one counter in the order of their ends, so that nobody ever has to look through all of them. */
export class SlotShelf {
  readonly #ends = new Map<string, number>()
  readonly #sorted: HeldSlot[] = []

  /** Those whose end is past are kept until they are forgotten. */
  get size(): number {
    return this.#sorted.length
  }

  get lastEndsAtMs(): number {
    return this.#sorted.at(-1)?.endsAtMs ?? 0
  }

  sight(line: SlotHitLine, nowMs: number, slotId: string | undefined): SlotSight {
    const ended = this.#placeAfter(nowMs)
    const held = this.#sorted.length - ended
    const ownEndsAtMs = slotId === undefined ? 0 : (this.#ends.get(slotId) ?? 0)
    const room = held - line.amount - (line.hits > 0 ? 0 : 1)
    const roomAtMs = room < 0 ? undefined : this.#sorted[ended + room]?.endsAtMs
    const lastEndsAtMs = held === 0 ? 0 : this.lastEndsAtMs
    return { held, ownEndsAtMs: ownEndsAtMs > nowMs ? ownEndsAtMs : 0, lastEndsAtMs, roomAtMs }
  }

  /** One that is held already ends anew. */
  hold(id: string, endsAtMs: number): void {
    this.free(id)
    this.#ends.set(id, endsAtMs)
    this.#sorted.splice(this.#placeAfter(endsAtMs), 0, { id, endsAtMs })
  }

  free(id: string): void {
    const endsAtMs = this.#ends.get(id)
    if (endsAtMs === undefined) return
    this.#ends.delete(id)
    for (let place = this.#placeAfter(endsAtMs) - 1; place >= 0; place -= 1) {
      if (this.#sorted[place]?.id !== id) continue
      this.#sorted.splice(place, 1)
      return
    }
  }

  /** Forgets those that ended by `atMs`. */
  forget(atMs: number): void {
    const gone = this.#sorted.splice(0, this.#placeAfter(atMs))
    for (const { id } of gone) this.#ends.delete(id)
  }

  /** Where the first slot stands that ends later. */
  #placeAfter(endsAtMs: number): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle]?.endsAtMs ?? 0) <= endsAtMs) low = middle + 1
      else high = middle
    }
    return low
  }
}
