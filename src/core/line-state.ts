import { counterKey } from './counter-key.ts'
import type { Line, QuotaLine, RateLine, TimeRange } from './limit.ts'
import { usedIn } from './quota-counter.ts'
import { chargedRate, debtAfterLoss, debtAt, type RateState, rateWaitMs } from './rate.ts'
import type { LineState } from './spend.ts'
import type { SubjectState } from './subject-state.ts'
import { holds } from './time-range.ts'

/** What every line of a request says at one instant, before anything is taken. */
export interface LookedLines {
  readonly states: readonly LineState[]
  /** Rates as they are if the request is taken; lines that only look leave theirs alone. */
  readonly charged: readonly ChargedRate[]
}

interface ChargedRate {
  /** Index of the line's subject. */
  readonly subject: number
  readonly rate: RateState
}

interface View {
  readonly nowMs: number
  /** By subject index, each in the epoch in force. */
  readonly states: readonly SubjectState[]
  readonly lineSubjects: readonly number[]
}

const emptyState: SubjectState = { epoch: '', halfFullAtMs: 0, rates: [], quotas: [] }

/** The window of a quota line that holds the store's time; undefined when neither does. */
export function windowOf(line: QuotaLine, nowMs: number): TimeRange | undefined {
  if (holds(line.current, nowMs)) return line.current
  return holds(line.next, nowMs) ? line.next : undefined
}

/** Looks at the lines in order. Two lines on one rate counter see each other's hits, so that both together stay inside. */
export function lookAtLines(lines: readonly Line[], view: View): LookedLines {
  const charged: ChargedRate[] = []
  const states = lines.map((line, index): LineState => {
    const subject = view.lineSubjects[index] ?? -1
    const state = view.states[subject] ?? emptyState
    if (line.kind === 'quota') return lookAtQuota(line, state, view.nowMs)
    const key = counterKey(line)
    const before = charged.findLast((other) => other.subject === subject && other.rate.key === key)?.rate
    const rate = lookAtRate(line, state, { key, before, nowMs: view.nowMs })
    if (rate.charged !== undefined) charged.push({ subject, rate: rate.charged })
    return rate.state
  })
  return { states, charged }
}

/** The states as they are once the lines were taken. */
export function takenStates(
  lines: readonly Line[],
  looked: readonly LineState[],
  moves: readonly number[],
): LineState[] {
  return looked.map((state, index): LineState => {
    const line = lines[index]
    if (line === undefined || state.kind === 'cold') return state
    if (state.kind === 'quota') {
      return { ...state, used: Math.min(Number.MAX_SAFE_INTEGER, state.used + (moves[index] ?? 0)) }
    }
    if (line.kind !== 'rate' || line.hits === 0) return state
    return { ...state, debt: Math.min(2 ** 52, state.debt + line.hits * line.periodMs) }
  })
}

function lookAtRate(
  line: RateLine,
  state: SubjectState,
  at: { readonly key: string; readonly before: RateState | undefined; readonly nowMs: number },
): { readonly state: LineState; readonly charged?: RateState } {
  const held = at.before ?? state.rates.find((rate) => rate.key === at.key)
  const lost = held === undefined && state.halfFullAtMs > 0
  const debt = lost ? debtAfterLoss(line, at.nowMs - state.halfFullAtMs) : debtAt(held, line, at.nowMs)
  const retryAfterMs = rateWaitMs(debt, line, line.hits)
  const seen: LineState = { kind: 'rate', debt, fits: retryAfterMs === 0, retryAfterMs }
  if (line.hits === 0) return { state: seen }
  return { state: seen, charged: chargedRate(held, line, { key: at.key, debt, hits: line.hits, nowMs: at.nowMs }) }
}

function lookAtQuota(line: QuotaLine, state: SubjectState, nowMs: number): LineState {
  const window = windowOf(line, nowMs) ?? line.current
  const key = counterKey(line)
  const used = usedIn(
    state.quotas.find((counter) => counter.key === key),
    window,
    nowMs,
  )
  if (used === undefined) return { kind: 'cold' }
  // Subtracted, not added: both sides stay exact at the largest amounts.
  const fits = line.hits === 0 || line.hits <= line.amount - used
  return { kind: 'quota', used, window, fits, retryAfterMs: fits ? 0 : quotaWaitMs(line, window, nowMs) }
}

function quotaWaitMs(line: QuotaLine, window: TimeRange, nowMs: number): number | 'never' {
  return line.hits > line.amount ? 'never' : window.endMs - nowMs
}
