import { expectedBytes, readRange } from './byte-range.ts'
import type { Outcome } from './charge.ts'
import type { PriceParameters, PriceTier } from './price.ts'
import { type Amounts, noAmounts } from './quantity.ts'

const bytesPerMb = 1_000_000

/**
 * Base plus what each tier takes of the bytes inside it (marginal, as in a tax table), in millicredits, rounded up once, at the end.
 * Exact for every byte count to 2^53; a cost beyond 2^53 − 1 is 2^53 − 1. At the door only the base counts.
 */
export function costMilli(price: PriceParameters, bytes: number): number {
  if (price.charged === 'at_the_door' || bytes <= 0 || price.tiers.length === 0) return price.baseMilli
  const tiers = price.tiers.filter((tier) => tier.fromBytes < bytes)
  const dearest = tiers.reduce((most, tier) => Math.max(most, tier.milliPerMb), 0)
  // The sum of all products is at most bytes × the dearest tier.
  if (bytes * dearest < Number.MAX_SAFE_INTEGER)
    return bounded(price.baseMilli + Math.ceil(sum(tiers, bytes) / bytesPerMb))
  return bounded(Number(BigInt(price.baseMilli) + exactlyUp(tiers, bytes)))
}

/**
 * What a request is expected to take. Conditional and HEAD requests reserve the base only: their usual answers cost nothing. A range reserves
 * what it holds of the file.
 */
export function estimateOf(
  price: PriceParameters & { readonly assumedBytes: number },
  request: {
    readonly method: string
    readonly headers: ReadonlyMap<string, string>
    readonly sizeBytes?: number | undefined
  },
): Amounts {
  const bare =
    request.method === 'HEAD' || request.headers.has('if-none-match') || request.headers.has('if-modified-since')
  const range = readRange(request.headers)
  const bytes = bare ? 0 : expectedBytes(range, { known: request.sizeBytes, assumed: price.assumedBytes })
  return { requests: 1, credits: costMilli(price, bytes), bytes, gpu_ms: 0 }
}

/** What a request took: only a delivered answer, whole or in part, costs; 304, HEAD, redirects and errors move nothing. */
export function actualOf(
  price: PriceParameters,
  { outcome, bytes }: { readonly outcome: Outcome; readonly bytes: number },
): Amounts {
  if (outcome !== 'delivered' && outcome !== 'aborted') return noAmounts
  return { ...noAmounts, requests: 1, credits: costMilli(price, bytes), bytes }
}

function sum(tiers: readonly PriceTier[], bytes: number): number {
  return tiers.reduce(
    (total, tier, index) => total + (endOf(tiers, index, bytes) - tier.fromBytes) * tier.milliPerMb,
    0,
  )
}

function exactlyUp(tiers: readonly PriceTier[], bytes: number): bigint {
  const total = tiers.reduce(
    (milli, tier, index) => milli + BigInt(endOf(tiers, index, bytes) - tier.fromBytes) * BigInt(tier.milliPerMb),
    0n,
  )
  return (total + BigInt(bytesPerMb) - 1n) / BigInt(bytesPerMb)
}

function endOf(tiers: readonly PriceTier[], index: number, bytes: number): number {
  return tiers[index + 1]?.fromBytes ?? bytes
}

function bounded(milli: number): number {
  return Math.min(milli, Number.MAX_SAFE_INTEGER)
}
