/** A part of a range that one kind of sum holds, to be added or, with −1, taken away. */
export interface CoverPart {
  readonly source: 'month' | 'day' | 'hour'
  readonly sinceMs: number
  readonly untilMs: number
  readonly sign: 1 | -1
}

interface Cover {
  readonly parts: readonly CoverPart[]
  readonly cost: number
}

interface Range {
  readonly sinceMs: number
  readonly untilMs: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** An hour has fewer rows than a day, a day about as many as a month. */
const hourCost = 0.3
const nothing: Cover = { parts: [], cost: 0 }

/**
 * A range of whole UTC hours as sums of whole UTC months, days and hours, signed so that they add up to the range exactly; a month but
 * three days is the month less three days. Few sums rather than many; at most some 60 for any range.
 */
export function coverRange(range: Range): readonly CoverPart[] {
  return merged(coverMonths(range).parts)
}

function coverMonths(range: Range): Cover {
  return coverBy(range, { source: 'month', startOf: monthOf, nextOf: nextMonth, finer: coverDays })
}

function coverDays(range: Range): Cover {
  return coverBy(range, {
    source: 'day',
    startOf: (ms) => Math.floor(ms / dayMs) * dayMs,
    nextOf: (ms) => ms + dayMs,
    finer: coverHours,
  })
}

function coverHours({ sinceMs, untilMs }: Range): Cover {
  if (sinceMs >= untilMs) return nothing
  const parts = [{ source: 'hour', sinceMs, untilMs, sign: 1 }] as const
  return { parts, cost: ((untilMs - sinceMs) / hourMs) * hourCost }
}

interface Grain {
  readonly source: 'month' | 'day'
  readonly startOf: (ms: number) => number
  readonly nextOf: (startMs: number) => number
  readonly finer: (range: Range) => Cover
}

/** Whole units in the middle, and at either end what is cheaper: the part by a finer grain, or the whole unit less its rest. */
function coverBy({ sinceMs, untilMs }: Range, grain: Grain): Cover {
  if (sinceMs >= untilMs) return nothing
  const firstMs = grain.startOf(sinceMs)
  const secondMs = grain.nextOf(firstMs)
  if (untilMs <= secondMs) return coverWithin({ sinceMs, untilMs }, { sinceMs: firstMs, untilMs: secondMs }, grain)
  const lastMs = grain.startOf(untilMs)
  const middle = { source: grain.source, sinceMs: secondMs, untilMs: lastMs, sign: 1 } as const
  return together(
    coverWithin({ sinceMs, untilMs: secondMs }, { sinceMs: firstMs, untilMs: secondMs }, grain),
    secondMs < lastMs ? { parts: [middle], cost: countOf(middle, grain) } : nothing,
    coverWithin({ sinceMs: lastMs, untilMs }, { sinceMs: lastMs, untilMs: grain.nextOf(lastMs) }, grain),
  )
}

function coverWithin(range: Range, unit: Range, grain: Grain): Cover {
  if (range.sinceMs >= range.untilMs) return nothing
  const whole: Cover = { parts: [{ source: grain.source, ...unit, sign: 1 }], cost: 1 }
  const rest = together(
    grain.finer({ sinceMs: unit.sinceMs, untilMs: range.sinceMs }),
    grain.finer({ sinceMs: range.untilMs, untilMs: unit.untilMs }),
  )
  const direct = grain.finer(range)
  return direct.cost <= whole.cost + rest.cost ? direct : together(whole, negated(rest))
}

function countOf({ sinceMs, untilMs }: Range, grain: Grain): number {
  let count = 0
  for (let ms = sinceMs; ms < untilMs; ms = grain.nextOf(ms)) count += 1
  return count
}

function together(...covers: readonly Cover[]): Cover {
  return {
    parts: covers.flatMap(({ parts }) => parts),
    cost: covers.reduce((sum, { cost }) => sum + cost, 0),
  }
}

function negated({ parts, cost }: Cover): Cover {
  return { parts: parts.map((part) => ({ ...part, sign: part.sign === 1 ? -1 : 1 })), cost }
}

/** Neighbours of one kind and sign are read as one. */
function merged(parts: readonly CoverPart[]): readonly CoverPart[] {
  const found: CoverPart[] = []
  for (const part of [...parts].sort((a, b) => a.sinceMs - b.sinceMs)) {
    const place = found.findIndex(
      (one) => one.source === part.source && one.sign === part.sign && one.untilMs === part.sinceMs,
    )
    const before = found[place]
    if (before === undefined) found.push(part)
    else found[place] = { ...before, untilMs: part.untilMs }
  }
  return found
}

function monthOf(ms: number): number {
  const date = new Date(ms)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

function nextMonth(ms: number): number {
  const date = new Date(ms)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}
