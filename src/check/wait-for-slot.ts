import { paceMsOf } from '../core/line-state.ts'
import type { Admission } from './admit.ts'
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
  const untilMs = given.nowMs() + slotWaitMsMax
  using place = given.slots.enter(subject)
  let last = first
  while (
    cappedSubject(last.admission) !== undefined &&
    given.nowMs() < Math.min(untilMs, given.bounds.heldUntilMsMax)
  ) {
    const deadlineMs = await given.bounds.hold({ untilMs, sooner: place.turn() })
    if (deadlineMs === undefined) return last
    last = await given.attempt(deadlineMs)
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
