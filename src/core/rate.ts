/**
 * A rate remembers its debt: what it handed out and has not yet leaked, in hits × periodMs. Each millisecond leaks `amount`, a hit
 * adds `periodMs`, the capacity is burst × periodMs ≤ 2^52. Only integers, all exact below 2^53 (a leaking bucket in whole numbers:
 * the generic cell rate algorithm of ITU-T I.371 without its division).
 */

/** `amount` hits per `periodMs`, at most `burst` at once; burst × periodMs ≤ 2^52. */
export interface Rate {
  readonly amount: number
  readonly periodMs: number
  readonly burst: number
}

export interface RateState {
  readonly key: string
  readonly debt: number
  /** The period the debt is expressed in. */
  readonly periodMs: number
  readonly atMs: number
  /** From here on the debt has leaked at the rate it was taken under; absent and empty are the same. */
  readonly emptyAtMs: number
}

/** Largest debt that is kept; an unenforced or paced line may pass its capacity up to here. */
export const debtMax = 2 ** 52
/** A clock that is further behind than this was set back: the leak starts anew from its time. */
const clockJumpMs = 5_000

/** Debt of a rate at `nowMs`, in the period of `rate`. An absent state owes nothing. */
export function debtAt(state: RateState | undefined, rate: Rate, nowMs: number): number {
  if (state === undefined || nowMs >= state.emptyAtMs) return 0
  const elapsedMs = Math.max(0, nowMs - state.atMs)
  // The product may be rounded only where it is far above any debt, so the comparison stays right.
  return Math.max(0, debtInPeriod(state, rate) - elapsedMs * rate.amount)
}

/** After the store forgot, a rate starts half full at `halfFullAtMs` and leaks from there. */
export function debtAfterLoss(rate: Rate, elapsedMs: number): number {
  return Math.max(0, Math.floor((rate.burst * rate.periodMs) / 2) - Math.max(0, elapsedMs) * rate.amount)
}

/** Exact wait until `hits` fit on top of `debt` if nobody else takes any: 0 = they fit now. 0 hits always fit. */
export function rateWaitMs(debt: number, rate: Rate, hits: number): number | 'never' {
  const capacity = rate.burst * rate.periodMs
  const cost = hits * rate.periodMs
  if (hits === 0 || debt + cost <= capacity) return 0
  if (cost > capacity || rate.amount <= 0) return 'never'
  return Math.ceil((debt + cost - capacity) / rate.amount)
}

/** The state after `hits` were taken on top of `debt` (which is `debtAt` the same instant). */
export function chargedRate(
  state: RateState | undefined,
  rate: Rate,
  taken: { readonly key: string; readonly debt: number; readonly hits: number; readonly nowMs: number },
): RateState {
  const debt = Math.min(debtMax, taken.debt + taken.hits * rate.periodMs)
  // A small step back of the clock must not leak the same time twice; a jump back starts from the new time.
  const jumped = state === undefined || state.atMs - taken.nowMs > clockJumpMs
  const atMs = jumped ? taken.nowMs : Math.max(state.atMs, taken.nowMs)
  const leakMs = rate.amount > 0 ? Math.ceil(debt / rate.amount) : debtMax
  return { key: taken.key, debt, periodMs: rate.periodMs, atMs, emptyAtMs: atMs + leakMs }
}

function debtInPeriod(state: RateState, rate: Rate): number {
  if (state.periodMs === rate.periodMs) return state.debt
  const rest = state.debt % state.periodMs
  const whole = (state.debt - rest) / state.periodMs
  const converted = whole * rate.periodMs + Math.ceil((rest * rate.periodMs) / state.periodMs)
  return Math.min(rate.burst * rate.periodMs, converted)
}
