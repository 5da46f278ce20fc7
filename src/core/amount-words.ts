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
  return `${shownAmount(counts, amount)} ${shownNumber(counts, amount) === 1 ? one[counts] : unitWord(counts)}`
}
