import type { HitAnswer, HitCounter, HitLine, HitRequest } from '../core/hit.ts'
import type { HitPart } from '../core/hit-decision.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { At } from './at-master.ts'
import { groupsByDescriptor, groupsByPartition } from './hit-groups.ts'
import { type CountedPart, givenBack, isOver, type PartOfHits, partsOfHits, statesInOrder } from './hit-parts.ts'
import type { RedisHitStore } from './hit-store.ts'

type NotCounted = Exclude<HitAnswer, { kind: 'counted' }>
/** What was counted, or why nothing was; a fault is a value, so that the rest can be given back before it is thrown. */
type Outcome = readonly CountedPart[] | NotCounted | { readonly fault: unknown }

/**
 * Hits over several partitions, which cannot be taken in one step: one after the other, in the order of their numbers. When one refuses, what
 * the earlier ones took is given back, and the later ones are asked for what is taken all the same: never over, briefly under. When one is
 * late or cannot be asked, all is given back; what cannot be given back stays counted until its window ends.
 */
export class ClusterHits implements RedisHitStore {
  readonly #at: At
  readonly #clusterMs: () => number
  readonly #observer: Observer

  constructor(given: { readonly at: At; readonly nowMs: () => number; readonly observer: Observer }) {
    this.#at = given.at
    this.#clusterMs = given.nowMs
    this.#observer = given.observer
  }

  nowMs(): number {
    return this.#clusterMs()
  }

  async hit(request: HitRequest): Promise<HitAnswer> {
    const outcomes = await this.#outcomes(request)
    const counted = outcomes.flatMap((outcome) => (isCounted(outcome) ? outcome : []))
    const failed = outcomes.find((outcome) => !isCounted(outcome))
    if (failed === undefined || isCounted(failed)) {
      const at = counted.at(-1)?.counted.at ?? Math.floor(this.#clusterMs())
      return { kind: 'counted', at, states: statesInOrder(counted) }
    }
    await this.#giveBack(counted, { isUndone: true })
    if ('fault' in failed) throw failed.fault
    return failed
  }

  /** Of all that was asked, up to the first failure. */
  async #outcomes(request: HitRequest): Promise<readonly Outcome[]> {
    const { lines, counting } = request
    if (counting === 'all_or_nothing') return [await this.#inOrder(partsOfHits(request, allOf(lines), counting))]
    const groups = groupsByPartition(lines)
    if (groups !== undefined) return Promise.all(groups.map((indexes) => this.#together(request, indexes)))
    const outcomes: Outcome[] = []
    for (const indexes of groupsByDescriptor(lines)) {
      const outcome = await this.#inOrder(partsOfHits(request, indexes, 'all_or_nothing'))
      outcomes.push(outcome)
      if (!isCounted(outcome)) break
    }
    return outcomes
  }

  async release({ counters, slotId }: Parameters<RedisHitStore['release']>[0]): Promise<void> {
    const byPartition = Map.groupBy(counters, ({ partition }: HitCounter) => partition)
    await Promise.all(
      [...byPartition].map(([partition, some]) =>
        this.#at(partition, ({ hits }) => hits.release({ counters: some, slotId })),
      ),
    )
  }

  hitPart(part: HitPart): ReturnType<RedisHitStore['hitPart']> {
    return this.#at(partitionOf(part), ({ hits }) => hits.hitPart(part))
  }

  giveBack(taken: Parameters<RedisHitStore['giveBack']>[0]): Promise<void> {
    return this.#at(partitionOf(taken.part), ({ hits }) => hits.giveBack(taken))
  }

  /** Lines of one partition. */
  async #together(request: HitRequest, indexes: readonly number[]): Promise<Outcome> {
    const [part] = partsOfHits(request, indexes, request.counting)
    return part === undefined ? [] : this.#take(part)
  }

  async #inOrder(parts: readonly PartOfHits[]): Promise<Outcome> {
    const took: CountedPart[] = []
    for (const part of parts) {
      const outcome = await this.#take(part)
      if (!isCounted(outcome)) return this.#undone(took, outcome)
      took.push(...outcome)
      if (outcome.some(isOver)) return this.#refused(took, parts.slice(took.length))
    }
    return took
  }

  /** The last of those that were asked refused. */
  async #refused(asked: readonly CountedPart[], others: readonly PartOfHits[]): Promise<Outcome> {
    const looked = await Promise.all(
      others.map((part) => this.#take({ ...part, request: { ...part.request, isRefused: true } })),
    )
    const counted = looked.flatMap((outcome) => (isCounted(outcome) ? outcome : []))
    const failed = looked.find((outcome) => !isCounted(outcome))
    if (failed !== undefined) return this.#undone([...asked, ...counted], failed)
    const taken = asked.slice(0, -1)
    await this.#giveBack(taken, { isUndone: false })
    return [...taken.map(givenBack), ...asked.slice(-1), ...counted]
  }

  async #undone(took: readonly CountedPart[], outcome: Outcome): Promise<Outcome> {
    await this.#giveBack(took, { isUndone: true })
    return outcome
  }

  /** Its bound in the clock of the master that is asked. */
  async #take(part: PartOfHits): Promise<Outcome> {
    const { partition, request } = part
    try {
      const counted = await this.#at(partition, ({ hits }) =>
        hits.hitPart({ ...request, notAfterMs: Math.floor(request.notAfterMs + hits.nowMs() - this.#clusterMs()) }),
      )
      return counted.kind === 'counted' ? [{ part, counted }] : counted
    } catch (fault) {
      return { fault }
    }
  }

  async #giveBack(took: readonly CountedPart[], how: { readonly isUndone: boolean }): Promise<void> {
    // Backwards, so that a counter that was moved twice is left as it was found.
    const given = took.toReversed().map(({ part: { partition, request }, counted }) => {
      const waitMs = Math.max(1, request.notAfterMs - this.#clusterMs())
      return this.#at(partition, ({ hits }) => hits.giveBack({ part: request, counted, waitMs, ...how }))
    })
    for (const outcome of await Promise.allSettled(given))
      if (outcome.status === 'rejected') this.#observer.count('hits_not_given_back_total')
  }
}

function allOf(lines: readonly HitLine[]): readonly number[] {
  return lines.map((_, index) => index)
}

function partitionOf({ lines }: HitPart): number {
  return lines[0]?.counter.partition ?? 0
}

function isCounted(outcome: Outcome): outcome is readonly CountedPart[] {
  return Array.isArray(outcome)
}
