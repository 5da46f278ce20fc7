/** One measured figure: the median of its samples with their spread. */
export interface Figure {
  readonly figure: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly unit: string
  /** True when the samples spread more than 25 % around the median: read it with care. */
  readonly noisy?: true
}

const noisySpread = 0.25

/** The median of the samples, marked noisy when (max − min) exceeds a quarter of it. */
export function figureOf(figure: string, unit: string, samples: readonly number[]): Figure {
  const sorted = [...samples].sort((a, b) => a - b)
  const value = medianOf(sorted)
  const min = sorted[0] ?? Number.NaN
  const max = sorted.at(-1) ?? Number.NaN
  const round = (number: number): number => Number(number.toPrecision(4))
  const base = { figure, value: round(value), min: round(min), max: round(max), unit }
  return max - min > noisySpread * value ? { ...base, noisy: true } : base
}

/** Prints the JSON line that tools read. */
export function printFigure(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`)
}

function medianOf(samples: readonly number[]): number {
  return percentileOf(
    [...samples].sort((a, b) => a - b),
    50,
  )
}

/** Nearest-rank percentile of ascending samples; NaN when there are none. */
export function percentileOf(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}
