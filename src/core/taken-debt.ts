import type { RateState } from './rate.ts'

/** What one line of a reservation added to a rate, in hits × periodMs, and the debt it left there. */
export interface TakenDebt {
  readonly key: string
  readonly taken: number
  readonly debt: number
  readonly periodMs: number
  readonly amount: number
}

/**
 * The state after what `taken` still weighs was given back, `elapsedMs` after it was taken. Later hits leak last, so no more is given back
 * than the debt it left has not leaked yet; never below 0.
 */
export function debtGivenBack(state: RateState, taken: TakenDebt, elapsedMs: number): RateState {
  const left = Math.min(taken.taken, Math.max(0, taken.debt - Math.max(0, elapsedMs) * taken.amount))
  const rest = left % taken.periodMs
  const whole = (left - rest) / taken.periodMs
  const converted = whole * state.periodMs + Math.floor((rest * state.periodMs) / taken.periodMs)
  return { ...state, debt: Math.max(0, state.debt - converted) }
}
