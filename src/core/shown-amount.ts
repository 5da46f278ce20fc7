import { creditsOfMilli } from './credits.ts'
import type { CountedQuantity } from './quantity.ts'

interface Unit {
  readonly word: string
  /** Code units in one shown unit; 1 or 1000. */
  readonly size: 1 | 1000
}

/** The unit in which each quantity is shown to people and in JSON. */
const units: Readonly<Record<CountedQuantity, Unit>> = {
  requests: { word: 'requests', size: 1 },
  credits: { word: 'credits', size: 1000 },
  bytes: { word: 'bytes', size: 1 },
  gpu_ms: { word: 'GPU seconds', size: 1000 },
  in_flight: { word: 'requests at once', size: 1 },
}

/** `9999.5` for 9,999,500 millicredits: exact, for sentences. */
export function shownAmount(counts: CountedQuantity, amount: number): string {
  return units[counts].size === 1 ? String(amount) : creditsOfMilli(amount)
}

/** The same as a number, for JSON. */
export function shownNumber(counts: CountedQuantity, amount: number): number {
  return amount / units[counts].size
}

/** Rounded up to whole shown units, for URLs and `/quota/status`. */
export function wholeAmount(counts: CountedQuantity, amount: number): number {
  return Math.ceil(amount / units[counts].size)
}

/** The way back from whole shown units. */
export function codeAmount(counts: CountedQuantity, whole: number): number {
  return whole * units[counts].size
}

export function unitWord(counts: CountedQuantity): string {
  return units[counts].word
}
