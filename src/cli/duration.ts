import { InvalidArgumentError } from 'commander'

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `15m`, `12h` or `7d` in milliseconds. Throws commander's `InvalidArgumentError`. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = unit === undefined ? undefined : unitMs[unit]
  if (ms === undefined) throw new InvalidArgumentError('Write a whole number and s, m, h or d, such as 12h.')
  return Number(count) * ms
}
