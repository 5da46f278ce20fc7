import type { HitLine, HitRequest, HitState } from '../core/hit.ts'
import type { HitPart } from '../core/hit-decision.ts'
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

/** Of a call that counts each descriptor alone: what can be asked together, that is all of one partition, or one descriptor of several. */
export function groupsOfDescriptors(lines: readonly HitLine[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  const indexes = lines.map((_, index) => index)
  for (const [descriptor, own] of Map.groupBy(indexes, (index) => lines[index]?.descriptor ?? 0)) {
    const partitions = new Set(own.map((index) => lines[index]?.counter.partition ?? 0))
    const [partition] = partitions
    const name = partitions.size === 1 ? `partition ${partition}` : `descriptor ${descriptor}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [...own])
    else for (const index of own) group.push(index)
  }
  return [...groups.values()]
}

/** An enforced line of it does not fit. */
export function isOver({ part, counted }: CountedPart): boolean {
  return counted.states.some(({ fits }, place) => !fits && part.request.lines[place]?.enforced === true)
}

/** The states once what a refused part took was given back. */
export function givenBack({ part, counted }: CountedPart): CountedPart {
  const states = counted.states.map((state, place): HitState => {
    const line = part.request.lines[place]
    return line === undefined || !line.enforced || line.chargesRefused
      ? state
      : { ...state, taken: false, after: state.before }
  })
  return { part, counted: { ...counted, states } }
}

/** States of all parts by line of the call. */
export function statesInOrder(parts: readonly CountedPart[]): readonly HitState[] {
  const placed = parts.flatMap(({ part, counted }) =>
    part.indexes.flatMap((index, place) => counted.states.slice(place, place + 1).map((state) => ({ index, state }))),
  )
  return placed.toSorted((left, right) => left.index - right.index).map(({ state }) => state)
}
