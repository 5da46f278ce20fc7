import { type Line, type WindowKind, windowKinds } from './limit.ts'
import { bookedQuantities, type Quantity } from './quantity.ts'
import type { Surface } from './subject.ts'

interface Counted {
  readonly surface: Surface | 'any'
  readonly quantity: Quantity
}

/**
 * Key of the counter a line looks at, inside its subject's state. A rate is its limit's own; a quota and the slots of a cap are shared by what
 * they count.
 */
export function counterKey(line: Line): string {
  if (line.kind === 'quota') return quotaKey(line)
  return line.kind === 'rate' ? keyOf(line, '', line.limit) : `${line.surface.charAt(0)}0`
}

/** One spelling per quota counter: surface, quantity and window as one character each, then the zone. */
export function quotaKey(counter: Counted & { readonly window: WindowKind; readonly timeZone: string }): string {
  return keyOf(counter, windowLetter(counter.window), counter.timeZone)
}

/** One character per kind of window: `h`, `d`, `m`, and for weeks the ISO number of the day they begin on. */
function windowLetter(window: WindowKind): string {
  const week = windowKinds.indexOf(window) - windowKinds.indexOf('week_mon')
  return week < 0 ? window.charAt(0) : String(week + 1)
}

/** The kind of window that a key's character stands for. */
export function windowOfLetter(letter: string): WindowKind | undefined {
  return windowKinds.find((window) => windowLetter(window) === letter)
}

/** Keys that were made before, because comparing the same text is cheap and joining it anew for every line of every request is not. */
const known = new Map<string, Map<string, string>>()
const namesMax = 10_000

function keyOf({ surface, quantity }: Counted, window: string, name: string): string {
  let keys = known.get(name)
  if (keys === undefined) {
    if (known.size >= namesMax) known.clear()
    keys = new Map()
    known.set(name, keys)
  }
  const counted = `${surface.charAt(0)}${bookedQuantities.indexOf(quantity) + 1}${window}`
  let key = keys.get(counted)
  if (key === undefined) {
    key = counted + name
    keys.set(counted, key)
  }
  return key
}
