/** The quantities one reservation books. `credits` are integer millicredits everywhere in code. */
export const bookedQuantities = ['requests', 'credits', 'bytes', 'gpu_ms'] as const
export type Quantity = (typeof bookedQuantities)[number]
/** What a limit may count: a booked quantity, or requests that are under way. */
export type CountedQuantity = Quantity | 'in_flight'

/** One integer per quantity, 0 … 2^53 − 1 (a difference may be negative). */
export type Amounts = Readonly<Record<Quantity, number>>

export const noAmounts: Amounts = { requests: 0, credits: 0, bytes: 0, gpu_ms: 0 }

/** `left − right`, quantity by quantity. */
export function differenceOf(left: Amounts, right: Amounts): Amounts {
  return combine(left, right, (a, b) => a - b)
}

/** The larger of both, quantity by quantity: how two `open` states of one reservation merge. */
export function largerOf(left: Amounts, right: Amounts): Amounts {
  return combine(left, right, Math.max)
}

function combine(left: Amounts, right: Amounts, of: (a: number, b: number) => number): Amounts {
  return {
    requests: of(left.requests, right.requests),
    credits: of(left.credits, right.credits),
    bytes: of(left.bytes, right.bytes),
    gpu_ms: of(left.gpu_ms, right.gpu_ms),
  }
}
