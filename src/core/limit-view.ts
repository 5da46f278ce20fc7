import type { ConcurrencyLine, Line, QuotaLine, RateLine, WindowKind } from './limit.ts'
import type { CountedQuantity } from './quantity.ts'
import type { LineState } from './spend.ts'
import type { SubjectKind, Surface } from './subject.ts'
import type { Refusal } from './verdict.ts'

/** One limit as people see it after a spend or a peek: amounts in code units. */
export interface LimitView {
  readonly name: string
  readonly kind: Line['kind']
  readonly counts: CountedQuantity
  readonly per: SubjectKind
  /** Which requests it counts. */
  readonly surface: Surface | 'any'
  readonly enforced: boolean
  /** A quota's amount, a rate's burst. */
  readonly amount: number
  /** Absent while the counter is cold. Of a rate: what has not leaked yet. */
  readonly used?: number
  /** In how long `amount` is there anew: the window's length, or a full refill. */
  readonly periodMs: number
  /** Until nothing is used. */
  readonly resetAfterMs: number
  readonly resetAtMs: number
  /** Only quotas. */
  readonly window?: WindowKind
  readonly timeZone?: string
}

/** Lines and their states side by side, as a spend or a peek returns them at the store's time `at`. */
export function limitViewsOf(lines: readonly Line[], states: readonly LineState[], at: number): readonly LimitView[] {
  return lines.map((line, index) => limitViewOf(line, states[index] ?? { kind: 'cold' }, at))
}

/** The refusal by one limit. `never` (more than the limit ever allows) is `too_large`, else the cause is named after the limit's kind. */
export function refusalOf(
  view: LimitView,
  {
    retryAfterMs,
    refusesWith429,
    needs,
    timeZone,
  }: {
    readonly retryAfterMs: number | 'never'
    readonly refusesWith429: boolean
    /** What the request asked of the limit, in its code unit. */
    readonly needs: number
    /** The account's: for limits without a window's zone. */
    readonly timeZone: string
  },
): Refusal {
  const { name, counts, per, amount, used = 0, window } = view
  const never = retryAfterMs === 'never'
  const limit = { name, counts, per, amount, used, needs, refusesWith429, timeZone: view.timeZone ?? timeZone }
  if (view.kind === 'concurrency') return { cause: never ? 'too_large' : 'concurrency', limit }
  if (view.kind === 'rate') return never ? { cause: 'too_large', limit } : { cause: 'rate', limit, retryAfterMs }
  const quota = { ...limit, resetAtMs: view.resetAtMs, ...(window && { window }) }
  return { cause: never ? 'too_large' : 'quota', limit: quota }
}

type Draft = { -readonly [Field in keyof LimitView]: LimitView[Field] }

function limitViewOf(line: Line, state: LineState, at: number): LimitView {
  if (line.kind === 'quota') return quotaViewOf(line, state, at)
  return line.kind === 'rate' ? rateViewOf(line, state, at) : capViewOf(line, state, at)
}

// Written out, because copying parts together costs several times as much, and this is done for every line of every request.

function quotaViewOf(line: QuotaLine, state: LineState, at: number): LimitView {
  const { startMs, endMs } = state.kind === 'quota' ? state.window : line.current
  const view: Draft = {
    name: line.limit,
    kind: line.kind,
    counts: line.quantity,
    per: line.subject.kind,
    surface: line.surface,
    enforced: line.enforced,
    amount: line.amount,
    periodMs: endMs - startMs,
    resetAfterMs: Math.max(0, endMs - at),
    resetAtMs: endMs,
    window: line.window,
    timeZone: line.timeZone,
  }
  if (state.kind === 'quota') view.used = state.used
  return view
}

function rateViewOf(line: RateLine, state: LineState, at: number): LimitView {
  const debt = state.kind === 'rate' ? state.debt : 0
  const resetAfterMs = Math.ceil(debt / line.amount)
  const view: Draft = {
    name: line.limit,
    kind: line.kind,
    counts: line.quantity,
    per: line.subject.kind,
    surface: line.surface,
    enforced: line.enforced,
    amount: line.burst,
    periodMs: Math.ceil((line.burst * line.periodMs) / line.amount),
    resetAfterMs,
    resetAtMs: at + resetAfterMs,
  }
  if (state.kind === 'rate') view.used = Math.ceil(debt / line.periodMs)
  return view
}

function capViewOf(line: ConcurrencyLine, state: LineState, at: number): LimitView {
  const { amount, slotMs, subject, surface, enforced } = line
  const base = {
    name: line.limit,
    kind: line.kind,
    counts: line.quantity,
    per: subject.kind,
    surface,
    enforced,
    amount,
  }
  const view = { ...base, periodMs: slotMs, resetAfterMs: slotMs, resetAtMs: at + slotMs }
  return state.kind === 'concurrency' ? { ...view, used: state.held } : view
}
