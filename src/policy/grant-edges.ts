import { Agenda } from '../core/agenda.ts'
import type { Grant } from '../core/grant.ts'
import { ShardedMap } from './sharded-map.ts'

/** When grants begin and end, kept up to date at the price of what changed. */
export class GrantEdges {
  #grants = new ShardedMap<Grant>()
  #edges = new Agenda<string>()
  /** What begins or ends until here has been taken. */
  #untilMs = Number.NaN

  /** What was granted ended before the last question, so that it raises nothing any more, whatever becomes of its row. */
  isOver({ endMs }: Grant): boolean {
    return endMs <= this.#untilMs
  }

  /**
   * The grants that begin or end after `sinceMs` and until `untilMs`, undefined where those are more than `countMax` edges; and when the
   * next one does. Looks at each grant only when it is not asked from where it was last asked until.
   */
  between(
    grants: ShardedMap<Grant>,
    { sinceMs, untilMs, countMax }: { readonly sinceMs: number; readonly untilMs: number; readonly countMax: number },
  ): { readonly grants: readonly Grant[] | undefined; readonly nextMs: number | undefined } {
    if (sinceMs !== this.#untilMs) this.#startAt(sinceMs)
    this.#follow(grants)
    const ids = this.#edges.take(untilMs, countMax + 1)
    this.#edges.forget(untilMs)
    // After a clock that goes back some of what was taken is still to come.
    this.#untilMs = untilMs < sinceMs ? Number.NaN : untilMs
    const found = ids.length > countMax ? undefined : ids.flatMap((id) => grants.get(id) ?? [])
    return { grants: found, nextMs: this.#edges.nextMs() }
  }

  #startAt(sinceMs: number): void {
    this.#grants = new ShardedMap()
    this.#edges = new Agenda()
    this.#untilMs = sinceMs
  }

  #follow(grants: ShardedMap<Grant>): void {
    if (grants === this.#grants) return
    for (const id of grants.changedKeys(this.#grants)) {
      for (const atMs of this.#comingOf(this.#grants.get(id))) this.#edges.delete(atMs, id)
      for (const atMs of this.#comingOf(grants.get(id))) this.#edges.add(atMs, id)
    }
    this.#grants = grants
  }

  #comingOf(grant: Grant | undefined): readonly number[] {
    return grant === undefined ? [] : [grant.startMs, grant.endMs].filter((atMs) => atMs > this.#untilMs)
  }
}
