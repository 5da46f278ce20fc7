import type { HitLine, HitRequest, HitState } from '../core/hit.ts'
import { decideHits, type HitPart } from '../core/hit-decision.ts'
import type { CountedHits } from './hit-codec.ts'

/** The lines of a call that lie in one partition, and where each stands in the call. */
export interface PartOfHits {
  readonly partition: number
  readonly indexes: readonly number[]
  readonly request: HitPart
}

/** A part that was counted. */
export interface CountedPart {
  readonly part: PartOfHits
  readonly counted: CountedHits
}

/** These lines of a call by partition, in the order of their numbers. */
export function partsOfHits(
  request: HitRequest,
  indexes: readonly number[],
  counting: HitRequest['counting'],
): readonly PartOfHits[] {
  const lineAt = (index: number): readonly HitLine[] => request.lines.slice(index, index + 1)
  const byPartition = Map.groupBy(indexes, (index) => request.lines[index]?.counter.partition ?? 0)
  return [...byPartition]
    .toSorted(([left], [right]) => left - right)
    .map(([partition, own]) => ({
      ...{ partition, indexes: own },
      request: { ...request, counting, lines: own.flatMap(lineAt) },
    }))
}

/** An enforced line of it does not fit. */
export function isOver({ part, counted }: CountedPart): boolean {
  return counted.states.some(({ fits }, place) => !fits && part.request.lines[place]?.enforced === true)
}

/** The states once what a refused part took was given back. */
export function givenBack({ part, counted }: CountedPart): CountedPart {
  const { at, held } = counted
  return { part, counted: { ...counted, ...decideHits({ ...part.request, isRefused: true }, at, held) } }
}

/** States of all parts by line of the call. */
export function statesInOrder(parts: readonly CountedPart[]): readonly HitState[] {
  const placed = parts.flatMap(({ part, counted }) =>
    part.indexes.flatMap((index, place) => counted.states.slice(place, place + 1).map((state) => ({ index, state }))),
  )
  return placed.toSorted((left, right) => left.index - right.index).map(({ state }) => state)
}
