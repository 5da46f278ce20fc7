/** A decimal number as text, exact and of any size: `-12.5`. */
type Decimal = string

interface Scaled {
  readonly digits: bigint
  /** Decimals that `digits` holds. */
  readonly scale: number
}

/** The exact sum; `0` of none. Throws a `RangeError` for a text that is no decimal number. */
export function sumOfDecimals(texts: Iterable<Decimal>): Decimal {
  let sum: Scaled = { digits: 0n, scale: 0 }
  for (const text of texts) sum = added(sum, scaled(text))
  return textOf(sum)
}

/** `left − right`, exact. */
export function decimalLess(left: Decimal, right: Decimal): Decimal {
  const { digits, scale } = scaled(right)
  return textOf(added(scaled(left), { digits: -digits, scale }))
}

/** Below 0 when `left` is the smaller, 0 when both are the same number. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const difference = decimalLess(left, right)
  if (difference === '0') return 0
  return difference.startsWith('-') ? -1 : 1
}

/** A count of thousandths as units: `1500` → `1.5`. */
export function thousandthsOf(text: Decimal): Decimal {
  const { digits, scale } = scaled(text)
  return textOf({ digits, scale: scale + 3 })
}

function scaled(text: Decimal): Scaled {
  const [, sign = '', whole, decimals = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined) throw new RangeError(`${text} is not a decimal number`)
  const digits = BigInt(whole + decimals)
  return { digits: sign === '-' ? -digits : digits, scale: decimals.length }
}

function added(left: Scaled, right: Scaled): Scaled {
  const scale = Math.max(left.scale, right.scale)
  return { digits: atScale(left, scale) + atScale(right, scale), scale }
}

function atScale({ digits, scale }: Scaled, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale)
}

/** The shortest text: without decimals that say nothing, and never `-0`. */
function textOf({ digits, scale }: Scaled): Decimal {
  const size = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  const decimals = size.slice(size.length - scale).replace(/0+$/, '')
  const whole = `${digits < 0n ? '-' : ''}${size.slice(0, size.length - scale)}`
  return scale === 0 || decimals === '' ? whole : `${whole}.${decimals}`
}
