import { rowUnitWord } from '../core/amount-words.ts'
import { Fault } from '../core/fault.ts'
import type { CountedQuantity } from '../core/quantity.ts'

const shape = /^\d{1,16}(\.\d{1,3})?$/
/** Of what is counted; credits are counted in thousandths. By the CHECKs of `limit_rule`. */
const countMax = 2n ** 52n

/**
 * An amount as people write it, in the unit of `limit_rule.amount`, without needless zeros.
 * Throws a `Fault` of code `not_valid` unless it is above 0, at most what a limit can be (2^52, of credits a thousandth of that), and whole or, of credits, of at most three decimals.
 */
export function amountText(text: string, counts: CountedQuantity): string {
  if (!shape.test(text)) throw notAnAmount(counts)
  const thousandths = thousandthsOf(text)
  const isWhole = thousandths % 1_000n === 0n
  if (thousandths <= 0n || thousandths > thousandthsMaxOf(counts) || (counts !== 'credits' && !isWhole))
    throw notAnAmount(counts)
  return textOfThousandths(thousandths)
}

function thousandthsMaxOf(counts: CountedQuantity): bigint {
  return counts === 'credits' ? countMax : 1_000n * countMax
}

/** Exact. Of decimal text with at most three decimals. */
export function thousandthsOf(text: string): bigint {
  const [whole = '0', decimals = ''] = text.split('.')
  return BigInt(whole) * 1_000n + BigInt(decimals.padEnd(3, '0'))
}

export function textOfThousandths(thousandths: bigint): string {
  const decimals = String(thousandths % 1_000n)
    .padStart(3, '0')
    .replace(/0+$/, '')
  const whole = String(thousandths / 1_000n)
  return decimals === '' ? whole : `${whole}.${decimals}`
}

/** What a rest in code units is in thousandths of the unit of SQL. */
export function thousandthsOfCode(amount: number, counts: CountedQuantity): bigint {
  return counts === 'credits' ? BigInt(amount) : BigInt(amount) * 1_000n
}

function notAnAmount(counts: CountedQuantity): Fault {
  const unit = rowUnitWord(counts)
  const form = counts === 'credits' ? 'with at most three decimals' : 'whole'
  return new Fault(
    'not_valid',
    `The amount must be a number of ${unit}, ${form}, above 0 and at most ${textOfThousandths(thousandthsMaxOf(counts))}`,
  )
}
