import { counterKey } from './counter-key.ts'
import type { Line, QuotaLine, RateLine, TimeRange } from './limit.ts'
import { usedIn } from './quota-counter.ts'
import { chargedRate, debtAfterLoss, debtAt, debtMax, type RateState, rateWaitMs } from './rate.ts'
import { lookAtSlots, type SlotEnds } from './slot.ts'
import type { LineState } from './spend.ts'
import type { Subject } from './subject.ts'
import { entryOf, type SubjectState } from './subject-state.ts'
import { holds } from './time-range.ts'

/** What every line of a request says at one instant, before anything is taken. */
export interface LookedLines {
  readonly states: readonly LineState[]
  /** Rates as they are if the request is taken; lines that only look leave theirs alone. */
  readonly charged: readonly ChargedRate[]
  /** Of every line's counter. */
  readonly keys: readonly string[]
}

interface ChargedRate {
  /** Index of the line's subject. */
  readonly subject: number
  readonly rate: RateState
  readonly line: RateLine
  /** What of its debt this line adds. */
  readonly taken: number
}

interface View {
  readonly nowMs: number
  /** By subject index, each in the epoch in force. */
  readonly states: readonly SubjectState[]
  readonly lineSubjects: readonly number[]
  /** The slots held under a cap, by the cap's subject and counter key. */
  readonly slotsOf: (subject: Subject, key: string) => SlotEnds | undefined
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
  const states: LineState[] = []
  const keys: string[] = []
  for (const line of lines) {
    const subject = view.lineSubjects[keys.length] ?? -1
    const state = view.states[subject] ?? emptyState
    const key = counterKey(line)
    keys.push(key)
    if (line.kind === 'quota') {
      states.push(lookAtQuota(line, state, { key, nowMs: view.nowMs }))
      continue
    }
    if (line.kind === 'concurrency') {
      states.push(lookAtSlots(line, view.slotsOf(line.subject, key), view.nowMs))
      continue
    }
    const before = charged.findLast((other) => other.subject === subject && other.rate.key === key)?.rate
    const held = before ?? entryOf(state.rates, key)
    const debt = debtOf(line, { held, halfFullAtMs: state.halfFullAtMs, nowMs: view.nowMs })
    const retryAfterMs = rateWaitMs(debt, line, line.hits)
    states.push({ kind: 'rate', debt, fits: retryAfterMs === 0, retryAfterMs })
    if (line.hits === 0) continue
    const rate = chargedRate(held, line, { key, debt, hits: line.hits, nowMs: view.nowMs })
    charged.push({ subject, rate, line, taken: rate.debt - debt })
  }
  return { states, charged, keys }
}

/**
 * How long the caller of a line that does not fit must be held if it is taken all the same; undefined when it may not be: not enforced (then
 * it is taken anyway), longer than its `paceMsMax`, never, or more than a debt can hold.
 */
export function paceMsOf(line: Line | undefined, state: LineState): number | undefined {
  if (line?.kind !== 'rate' || state.kind !== 'rate' || !line.enforced) return undefined
  if (state.retryAfterMs === 'never' || state.retryAfterMs > line.paceMsMax) return undefined
  return state.debt + line.hits * line.periodMs <= debtMax ? state.retryAfterMs : undefined
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
    const { fits, retryAfterMs } = state
    if (state.kind === 'quota') {
      const used = Math.min(Number.MAX_SAFE_INTEGER, state.used + (moves[index] ?? 0))
      return { kind: 'quota', used, window: state.window, fits, retryAfterMs }
    }
    if (line.kind === 'quota' || line.hits === 0) return state
    if (state.kind === 'concurrency') return { kind: 'concurrency', held: state.held + 1, fits, retryAfterMs }
    if (line.kind !== 'rate') return state
    return { kind: 'rate', debt: Math.min(debtMax, state.debt + line.hits * line.periodMs), fits, retryAfterMs }
  })
}

function debtOf(
  line: RateLine,
  of: { readonly held: RateState | undefined; readonly halfFullAtMs: number; readonly nowMs: number },
): number {
  const isLost = of.held === undefined && of.halfFullAtMs > 0
  return isLost ? debtAfterLoss(line, of.nowMs - of.halfFullAtMs) : debtAt(of.held, line, of.nowMs)
}

function lookAtQuota(
  line: QuotaLine,
  state: SubjectState,
  { key, nowMs }: { readonly key: string; readonly nowMs: number },
): LineState {
  const window = windowOf(line, nowMs) ?? line.current
  const used = usedIn(entryOf(state.quotas, key), window, nowMs)
  if (used === undefined) return { kind: 'cold' }
  // Subtracted, not added: both sides stay exact at the largest amounts.
  const fits = line.hits === 0 || line.hits <= line.amount - used
  return { kind: 'quota', used, window, fits, retryAfterMs: fits ? 0 : quotaWaitMs(line, window, nowMs) }
}

function quotaWaitMs(line: QuotaLine, window: TimeRange, nowMs: number): number | 'never' {
  return line.hits > line.amount ? 'never' : window.endMs - nowMs
}
