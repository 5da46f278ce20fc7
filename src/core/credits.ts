const text = /^(-?)(\d{1,16})(?:\.(\d{1,3})0*)?$/
const milliMax = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * The one way from credits as people and SQL write them (`numeric(…,3)`: `12`, `0.5`, `10000.000`) to integer millicredits; exact.
 * Undefined when the text is no number, has more than three decimals that matter, or lies beyond ±(2^53 − 1) millicredits.
 */
export function milliOfCredits(credits: string): number | undefined {
  const [, sign, whole, decimals] = text.exec(credits) ?? []
  if (whole === undefined) return undefined
  const milli = BigInt(whole) * 1000n + BigInt((decimals ?? '').padEnd(3, '0'))
  if (milli > milliMax) return undefined
  return Number(sign === '-' ? -milli : milli) || 0
}

/** The one way back: the shortest text without a needless decimal (`12`, `0.5`). `milli` is an integer within ±(2^53 − 1). */
export function creditsOfMilli(milli: number): string {
  const size = Math.abs(milli)
  const decimals = String(size % 1000)
    .padStart(3, '0')
    .replace(/0+$/, '')
  const whole = `${milli < 0 ? '-' : ''}${Math.floor(size / 1000)}`
  return decimals === '' ? whole : `${whole}.${decimals}`
}
