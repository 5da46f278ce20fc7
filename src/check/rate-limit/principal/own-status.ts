import type { RateUnit } from '../../../core/descriptor-rule.ts'
import type { Line, WindowKind } from '../../../core/limit.ts'
import { type LimitView, limitViewsOf } from '../../../core/limit-view.ts'
import { wholeAmount } from '../../../core/shown-amount.ts'
import type { Seen } from '../../look.ts'
import { refusedUncounted, withinNoLimit } from '../plain-status.ts'
import type { DescriptorStatus } from '../rate-limit-words.ts'

const unitOfMs: Readonly<Record<number, RateUnit>> = { 1000: 'second', 60000: 'minute', 3600000: 'hour' }

/**
 * The account's own limits as Envoy is told them: the enforced one with the least left, in whole requests or credits. `over_limit` where more
 * is used of one than there is. No limit where none is known.
 */
export function ownStatusOf({ lines, states, at }: Seen): DescriptorStatus {
  let tightest: DescriptorStatus | undefined
  for (const [index, view] of limitViewsOf(lines, states, at).entries()) {
    const line = lines[index]
    if (line === undefined || !view.enforced || view.used === undefined) continue
    const status = statusOf(line, view)
    if (tightest === undefined || isTighter(status, tightest)) tightest = status
  }
  return tightest ?? withinNoLimit
}

/** The limit at a place, which refused. */
export function refusedStatusOf({ lines, states, at }: Seen, place: number): DescriptorStatus {
  const line = lines[place]
  const view = limitViewsOf(lines, states, at)[place]
  return line === undefined || view === undefined
    ? refusedUncounted
    : { ...statusOf(line, view), code: 'over_limit', remaining: 0 }
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
