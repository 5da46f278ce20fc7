import type { ProcessRoll } from '../check/ports.ts'
import { decideRoll, type Roll } from '../core/process-roll.ts'

/** The roll of an in-process store: its own process, unless a test has it used by several. It begins with a break. */
export function createMemoryProcessRoll({ nowMs }: { readonly nowMs: () => number }): ProcessRoll {
  let roll: Roll | undefined
  return {
    async beat({ id, streamBroke, isNew }) {
      const called = decideRoll(roll, { id, streamBroke, kind: isNew ? 'join' : 'beat' }, nowMs())
      roll = called.roll
      return { processes: called.processes, brokeAtMs: roll.brokeAtMs }
    },
    async leave({ id, streamBroke }) {
      roll = decideRoll(roll, { id, streamBroke, kind: 'leave' }, nowMs()).roll
    },
  }
}
