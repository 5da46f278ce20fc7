import type { Line, WindowKind } from './limit.ts'
import { bookedQuantities, type Quantity } from './quantity.ts'
import type { Surface } from './subject.ts'

interface Counted {
  readonly surface: Surface | 'any'
  readonly quantity: Quantity
}

/** Key of the counter a line looks at, inside its subject's state. A rate is its limit's own; a quota is shared by what it counts. */
export function counterKey(line: Line): string {
  return line.kind === 'quota' ? quotaKey(line) : `${kindOfCount(line)}${line.limit}`
}

/** One spelling per quota counter: surface, quantity and window as one character each, then the zone. */
export function quotaKey(counter: Counted & { readonly window: WindowKind; readonly timeZone: string }): string {
  return `${kindOfCount(counter)}${counter.window.charAt(0)}${counter.timeZone}`
}

function kindOfCount(counted: Counted): string {
  return `${counted.surface.charAt(0)}${bookedQuantities.indexOf(counted.quantity) + 1}`
}
