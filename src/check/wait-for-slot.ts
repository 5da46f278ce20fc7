import { paceMsOf } from '../core/line-state.ts'
import type { Admission } from './admission.ts'
import type { Bounds } from './bounds.ts'
import type { SlotQueue } from './slot-queue.ts'

/** Twice the interval at which Envoy sends its access log: what ended before this request came is known by then. */
const slotWaitMsMax = 500

/**
 * Keeps a request waiting that a cap on requests at once, and nothing else, refuses: the end of the one before it may be on its way in the
 * access log. Answers the last attempt: not refused by a cap alone, or out of time, or out of callers.
 *
 * @param given.attempt spends anew within a deadline
 */
export async function waitForSlot<Attempt extends { readonly admission: Admission }>(
  first: Attempt,
  given: {
    readonly bounds: Bounds
    readonly slots: SlotQueue
    readonly nowMs: () => number
    readonly attempt: (deadlineMs: number) => Promise<Attempt>
  },
): Promise<Attempt> {
  const subject = cappedSubject(first.admission)
  if (subject === undefined) return first
  const { bounds, attempt, nowMs } = given
  const untilMs = Math.min(nowMs() + slotWaitMsMax, bounds.heldUntilMsMax)
  using place = given.slots.enter(subject)
  let last = first
  let isTurn = true
  // A hold that ends without a turn was the last: the time is over, or nobody is held any more because the process stops.
  while (isTurn && nowMs() < untilMs && cappedSubject(last.admission) !== undefined) {
    isTurn = false
    const turn = place.turn().then(() => {
      isTurn = true
    })
    const deadlineMs = await bounds.hold({ untilMs, sooner: turn })
    if (deadlineMs === undefined) return last
    last = await attempt(deadlineMs)
  }
  return last
}

/** Whose cap refuses, where nothing else would; undefined when waiting for a slot would not help. */
function cappedSubject(admission: Admission) {
  if (admission.kind !== 'refused' || admission.answer.retryAfterMs === 'never') return undefined
  const { lines, answer } = admission
  const refusing = lines.filter((line, index) => {
    const state = answer.states[index]
    if (!line.enforced || state === undefined || state.kind === 'cold' || state.fits) return false
    return paceMsOf(line, state) === undefined
  })
  return refusing.every(({ kind }) => kind === 'concurrency') ? refusing[0]?.subject : undefined
}
