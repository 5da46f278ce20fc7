import type { TimeRange } from './limit.ts'
import { holds } from './time-range.ts'

/** A prepaid amount of one quota while it runs; amounts in the quota's code unit. */
export interface Pack extends TimeRange {
  readonly id: string
  /** What is left of it before the first window that is looked at. */
  readonly rest: number
}

/** What was used in a part of a window in which no pack begins or ends. */
export interface UsedPart extends TimeRange {
  readonly used: number
}

/** What one pack paid of what was used in one window. */
export interface PackPayment {
  readonly pack: string
  /** The whole window, also when the pack ran in a part of it only. */
  readonly window: TimeRange
  readonly paid: number
}

/** Cuts windows wherever a pack begins or ends, and leaves out what no pack runs in. In order of time. */
export function partsOf(window: TimeRange, packs: readonly TimeRange[]): readonly TimeRange[] {
  const edges = [window.endMs, ...packs.flatMap(({ startMs, endMs }) => [startMs, endMs])]
  const inside = [...new Set(edges)].filter((ms) => ms > window.startMs && ms <= window.endMs).sort((a, b) => a - b)
  const parts = inside.map((endMs, place) => ({ startMs: inside[place - 1] ?? window.startMs, endMs }))
  return parts.filter(({ startMs }) => packs.some((pack) => holds(pack, startMs)))
}

/**
 * Who pays for what was used: in each window a pack is spent before the quota's own amount, and of several the one that ends first. Windows
 * and their parts in order of time, parts as `partsOf` cuts them. What no pack pays falls on the quota and is not answered.
 */
export function payFromPacks(
  packs: readonly Pack[],
  windows: readonly { readonly window: TimeRange; readonly parts: readonly UsedPart[] }[],
): readonly PackPayment[] {
  const byEnd = [...packs].sort(compareEnds)
  const rests = new Map(packs.map(({ id, rest }) => [id, rest]))
  return windows.flatMap(({ window, parts }) => {
    const paid = new Map<string, number>()
    for (const part of parts) {
      let owed = part.used
      for (const { id } of byEnd.filter((pack) => holds(pack, part.startMs))) {
        const pays = Math.min(owed, rests.get(id) ?? 0)
        owed -= pays
        rests.set(id, (rests.get(id) ?? 0) - pays)
        if (pays > 0) paid.set(id, (paid.get(id) ?? 0) + pays)
      }
    }
    return [...paid].map(([pack, amount]) => ({ pack, window, paid: amount }))
  })
}

function compareEnds(left: Pack, right: Pack): number {
  return left.endMs - right.endMs || left.startMs - right.startMs || (left.id < right.id ? -1 : 1)
}
