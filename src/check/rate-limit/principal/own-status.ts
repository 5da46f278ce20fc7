import type { DescriptorRefusal } from '../../../core/descriptor-refusal.ts'
import type { RateUnit } from '../../../core/descriptor-rule.ts'
import type { Line, WindowKind } from '../../../core/limit.ts'
import { type LimitView, limitViewsOf, refusalOf } from '../../../core/limit-view.ts'
import { wholeAmount } from '../../../core/shown-amount.ts'
import type { Seen } from '../../look.ts'
import { refusedUncounted, withinNoLimit } from '../plain-status.ts'
import type { DescriptorStatus } from '../rate-limit-words.ts'

const unitOfMs: Readonly<Record<number, RateUnit>> = { 1000: 'second', 60000: 'minute', 3600000: 'hour' }

/** How an account stands within its own limits, as Envoy is told it. */
export interface OwnState {
  readonly status: DescriptorStatus
  /** Why it is refused, where it is. */
  readonly refusal?: DescriptorRefusal
}

/**
 * By the enforced limit with the least left, in whole requests or credits. `over_limit` where more is used of one than there is. No limit where
 * none is known. `timeZone`: the account's, for sentences about limits without one.
 */
export function ownStateOf({ lines, states, at }: Seen, timeZone: string): OwnState {
  let tightest: OwnState | undefined
  for (const [index, view] of limitViewsOf(lines, states, at).entries()) {
    const line = lines[index]
    if (line === undefined || !view.enforced || view.used === undefined) continue
    const status = statusOf(line, view)
    if (tightest !== undefined && !isTighter(status, tightest.status)) continue
    tightest = status.code === 'ok' ? { status } : { status, refusal: overdrawn(view, line, timeZone) }
  }
  return tightest ?? { status: withinNoLimit }
}

/** By the limit that refused, at its place among the lines. */
export function refusedStateOf(
  { lines, states, at }: Seen,
  { line: place, retryAfterMs }: { readonly line: number; readonly retryAfterMs: number | 'never' },
  timeZone: string,
): Required<OwnState> {
  const [line, view] = [lines[place], limitViewsOf(lines, states, at)[place]]
  if (line === undefined || view === undefined) return { status: refusedUncounted, refusal: { kind: 'unavailable' } }
  const refusal = refusalBy(view, { line, retryAfterMs, timeZone })
  return { status: { ...statusOf(line, view), code: 'over_limit' }, refusal }
}

interface Refusing {
  readonly line: Line
  readonly retryAfterMs: number | 'never'
  readonly timeZone: string
}

function refusalBy(view: LimitView, { line, retryAfterMs, timeZone }: Refusing): DescriptorRefusal {
  const refusal = refusalOf(view, { retryAfterMs, refusesWith429: true, needs: line.hits, timeZone })
  return { kind: 'own', refusal, retryAfterMs }
}

/** More is used than there is, as after a limit was lowered: until its window is over, or a rate has refilled to its burst. */
function overdrawn(view: LimitView, line: Line, timeZone: string): DescriptorRefusal {
  const { kind, used = 0, amount, periodMs, resetAfterMs } = view
  const retryAfterMs = kind === 'rate' ? Math.ceil(((used - amount) * periodMs) / amount) : resetAfterMs
  return refusalBy(view, { line, retryAfterMs, timeZone })
}

function isTighter(status: DescriptorStatus, than: DescriptorStatus): boolean {
  if (status.code !== than.code) return status.code === 'over_limit'
  return status.remaining < than.remaining
}

function statusOf(line: Line, view: LimitView): DescriptorStatus {
  const { counts, amount, used = 0, name, resetAfterMs } = view
  return {
    code: used > amount ? 'over_limit' : 'ok',
    limit: { requestsPerUnit: wholeAmount(counts, line.amount), unit: unitOf(line), name },
    // What is told to be there, is: a part of a credit is not.
    remaining: Math.max(0, wholeAmount(counts, amount) - wholeAmount(counts, used)),
    resetMs: resetAfterMs,
  }
}

/** In which Envoy's unit a limit is; undefined where its period is no single one. */
function unitOf(line: Line): RateUnit | undefined {
  if (line.kind === 'quota') return unitOfWindow(line.window)
  return line.kind === 'rate' ? unitOfMs[line.periodMs] : undefined
}

function unitOfWindow(window: WindowKind): RateUnit {
  return window === 'hour' || window === 'day' || window === 'month' ? window : 'week'
}
