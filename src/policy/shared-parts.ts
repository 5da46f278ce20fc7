import type { Period } from '../core/descriptor-rule.ts'

const partsMax = 10_000

/** The same text once in memory: many rows have the same keys. */
export function shared(text: string): string {
  return known(texts, text, text)
}

/** The same period once in memory. */
export function sharedPeriod(period: Period): Period {
  return known(periods, `${period.units} ${period.unit} ${period.timeZone ?? ''}`, period)
}

const texts = new Map<string, string>()
const periods = new Map<string, Period>()

function known<Part>(parts: Map<string, Part>, name: string, part: Part): Part {
  const found = parts.get(name)
  if (found === undefined && parts.size < partsMax) parts.set(name, part)
  return found ?? part
}
