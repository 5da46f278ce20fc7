import type { AlertEvent, AlertedLimit } from '../core/alert-event.ts'
import type { CountedQuantity } from '../core/quantity.ts'

/** How much of a limit is used, in whole percent, rounded down. */
export function usedPercent({ used, amount }: Pick<AlertedLimit, 'used' | 'amount'>): number {
  return amount > 0 ? Math.floor((used / amount) * 100) : 100
}

/** A field of `data` as one line of text; empty when it is absent. */
export function said({ data }: AlertEvent, field: string): string {
  const value = data?.[field]
  return value === undefined || value === null
    ? ''
    : String(value)
        .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
        .trim()
}

/** The same for the middle of a sentence: without a full stop of its own. */
export function phrase(event: AlertEvent, field: string): string {
  return said(event, field).replace(/[.。]$/, '')
}

/** A field of `data` as a number. */
export function numberIn({ data }: AlertEvent, field: string): number | undefined {
  const value = Number(data?.[field] ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

const counted: readonly string[] = ['requests', 'credits', 'bytes', 'gpu_ms', 'in_flight'] satisfies CountedQuantity[]

/** The amount that `data` tells of, in the unit that people are shown, without zeros that say nothing, and what it counts. */
export function askedAmount(event: AlertEvent): {
  readonly amount: string
  readonly counts: CountedQuantity | undefined
} {
  const counts = said(event, 'counts')
  const amount = said(event, 'amount').replace(/^(\d+)(?:\.0*|(\.\d*?)0*)$/, '$1$2')
  // Rows have GPU time in milliseconds.
  if (counts === 'gpu_ms' && amount !== '') return { amount: String(Number(amount) / 1_000), counts }
  return { amount, counts: counted.includes(counts) ? (counts as CountedQuantity) : undefined }
}
