/** Something that a segment is kept for. */
export interface Need {
  /** Where it is written; undefined: not on disk yet. */
  segment: number | undefined
  isOver: boolean
}

/**
 * What each segment is still needed for. Segments go from the front only: that a reservation was settled may be written in a later segment
 * than the reservation itself, and must not be forgotten before it.
 */
export class LiveSegments {
  readonly #needs = new Map<number, number>()

  /** The need stands in this segment now. */
  written(need: Need, segment: number): void {
    need.segment = segment
    if (!need.isOver) this.#needs.set(segment, (this.#needs.get(segment) ?? 0) + 1)
  }

  over(need: Need): void {
    if (need.isOver) return
    need.isOver = true
    if (need.segment !== undefined) this.#needs.set(need.segment, (this.#needs.get(need.segment) ?? 0) - 1)
  }

  /** Those of these segments, ascending, before the first that is needed. */
  unneeded(segments: readonly number[]): readonly number[] {
    const first = segments.findIndex((segment) => (this.#needs.get(segment) ?? 0) > 0)
    return first === -1 ? segments : segments.slice(0, first)
  }

  dropped(segment: number): void {
    this.#needs.delete(segment)
  }
}
