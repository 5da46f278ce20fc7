import type { Line, WindowKind } from './limit.ts'
import { bookedQuantities, type Quantity } from './quantity.ts'
import type { Surface } from './subject.ts'

interface Counted {
  readonly surface: Surface | 'any'
  readonly quantity: Quantity
}

/** Key of the counter a line looks at, inside its subject's state. A rate is its limit's own; a quota is shared by what it counts. */
export function counterKey(line: Line): string {
  return line.kind === 'quota' ? quotaKey(line) : keyOf(line, '', line.limit)
}

/** One spelling per quota counter: surface, quantity and window as one character each, then the zone. */
export function quotaKey(counter: Counted & { readonly window: WindowKind; readonly timeZone: string }): string {
  return keyOf(counter, counter.window.charAt(0), counter.timeZone)
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
