import type { HitAnswer, HitRequest, HitState } from '../../core/hit.ts'
import type { PeriodMemo } from '../../core/period-window.ts'
import type { HitStore } from '../hit-ports.ts'
import type { CountedLimit } from './counted-limit.ts'
import { atInstant, type CallLines } from './hit-lines.ts'

/** One call as it is counted. */
export interface HitCall extends CallLines {
  readonly counting: HitRequest['counting']
  /** The store's clock. */
  readonly notAfterMs: number
  readonly slotId?: string
  readonly memo: PeriodMemo
}

/** The windows that an answer names hold its now; only a clock that jumps meanwhile makes them wrong again. */
const attemptsMax = 3

/**
 * Takes the hits of a call, in the windows of the store's clock. `onLate`: the store's answer, when it comes after the fault.
 * @throws Fault `store_unavailable` as the store does.
 */
export async function countOn(
  store: HitStore,
  call: HitCall,
  onLate?: (lines: CallLines, answer: HitAnswer) => void,
): Promise<readonly CountedLimit[] | 'late'> {
  const { counting, notAfterMs, slotId, memo } = call
  let asked: CallLines = call
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const current = asked
    const request = { lines: current.lines, counting, notAfterMs }
    const answer = await store.hit(
      slotId === undefined ? request : { ...request, slotId },
      onLate && { onLate: (late) => onLate(current, late) },
    )
    if (answer.kind === 'counted') return limitsOf(current, answer.states)
    if (answer.kind === 'late') return 'late'
    asked = atInstant(current, answer.at, memo)
  }
  return 'late'
}

function limitsOf({ lines, rules }: CallLines, states: readonly HitState[]): readonly CountedLimit[] {
  const limits: CountedLimit[] = []
  for (let index = 0; index < lines.length; index += 1) {
    const [line, rule, state] = [lines[index], rules[index], states[index]]
    if (line !== undefined && rule !== undefined && state !== undefined) limits.push({ line, rule, state })
  }
  return limits
}
