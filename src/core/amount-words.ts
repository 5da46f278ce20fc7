import type { CountedQuantity } from './quantity.ts'
import { shownAmount, shownNumber, unitWord } from './shown-amount.ts'

/** One of a quantity's shown unit. */
const one: Readonly<Record<CountedQuantity, string>> = {
  requests: 'request',
  credits: 'credit',
  bytes: 'byte',
  gpu_ms: 'GPU second',
  in_flight: 'request at once',
}

/** `1 request`, `0.5 credits`: an amount with its unit, for sentences. */
export function amountWords(counts: CountedQuantity, amount: number): string {
  return `${shownAmount(counts, amount)} ${unitFor(counts, shownNumber(counts, amount))}`
}

/** `credit` for 1, else `credits`: the unit after an amount in shown units. */
export function unitFor(counts: CountedQuantity, shown: number): string {
  return shown === 1 ? one[counts] : unitWord(counts)
}

/** The unit after an amount as rows have it: of GPU time another one than people are shown. */
export function rowUnitWord(counts: CountedQuantity): string {
  return counts === 'gpu_ms' ? 'GPU milliseconds' : unitWord(counts)
}
