import { Fault } from '../core/fault.ts'
import { instant } from './asked-fields.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const weekMs = 7 * dayMs
const timeMsMax = Date.UTC(2200, 0, 1)
/** How far one answer looks back; sums by the hour are many rows. */
const spanMsMax = { hour: 93 * dayMs, other: 400 * dayMs }

export const rangeFields = {
  since: instant.optional().describe('From this instant on; a week ago when absent.'),
  until: instant.optional().describe('To before this instant; now when absent.'),
}

export interface Range {
  readonly sinceMs: number
  readonly untilMs: number
}

/**
 * The asked range in whole UTC hours, as the books keep them: those that hold both ends are in. Throws a `Fault` of code `bad_request` for an
 * empty range and for one that is too long.
 */
export function rangeOf(
  { since, until }: { readonly since?: number | undefined; readonly until?: number | undefined },
  { nowMs, isByHour }: { readonly nowMs: number; readonly isByHour: boolean },
): Range {
  const untilMs = Math.ceil((until ?? nowMs) / hourMs) * hourMs
  const sinceMs = Math.floor((since ?? untilMs - weekMs) / hourMs) * hourMs
  const spanMax = isByHour ? spanMsMax.hour : spanMsMax.other
  if (!(sinceMs >= 0 && untilMs <= timeMsMax)) throw new Fault('bad_request', 'Ask for times from 1970 to 2200')
  if ((since ?? sinceMs) >= (until ?? untilMs)) throw new Fault('bad_request', 'until must be after since')
  if (untilMs - sinceMs > spanMax)
    throw new Fault('bad_request', `Ask for ${spanMax / dayMs} days at most, from since to until`)
  return { sinceMs, untilMs }
}
