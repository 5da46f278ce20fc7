import type { Subject } from '../core/subject.ts'

/** Whose levels are to be held against the policy in force. */
export type Whose = 'everybody' | readonly Subject[]

/** Whom the level pass is to look at, and when. Memory only, bounded: beyond 10,000 subjects at a time it is everybody. */
export interface Looks {
  /** Their limits have changed: now, and again when all that was still held against the former limits is in the books. */
  changed(whose: Whose, nowMs: number): void
  /** Now, and no more than once. */
  due(whose: Whose): void
  /** All whose time has come; they wait no longer. */
  take(nowMs: number): Whose
  /** When the next ones are due that wait for their time. */
  nextMs(): number | undefined
}

const waitingMax = 10_000
/**
 * Batches under way, refusals that wait to be told and processes that read the policy late write levels of the former limit for a moment: most
 * within the first of these times, and all that a statement's time limit lets live within the second.
 */
const againAfterMs = [2_000, 15_000]
const againMsMax = 16_000
/** What is due in one second is looked at together. */
const secondMs = 1_000

export function createLooks(): Looks {
  let waiting: Whose = []
  /** By instant; no more seconds than `againMsMax` has. */
  const later = new Map<number, Whose>()
  return {
    changed(whose, nowMs) {
      if (whose !== 'everybody' && whose.length === 0) return
      waiting = together(waiting, whose)
      for (const afterMs of againAfterMs) {
        const atMs = Math.ceil((nowMs + afterMs) / secondMs) * secondMs
        later.set(atMs, together(later.get(atMs) ?? [], whose))
      }
    },
    due(whose) {
      waiting = together(waiting, whose)
    },
    take(nowMs) {
      let taken = waiting
      waiting = []
      for (const [atMs, whose] of later) {
        // What lies further ahead was waiting when the clock was put back.
        if (atMs > nowMs && atMs <= nowMs + againMsMax) continue
        later.delete(atMs)
        taken = together(taken, whose)
      }
      return taken
    },
    nextMs: () => (later.size === 0 ? undefined : Math.min(...later.keys())),
  }
}

function together(some: Whose, more: Whose): Whose {
  if (some === 'everybody' || more === 'everybody') return 'everybody'
  return some.length + more.length > waitingMax ? 'everybody' : [...some, ...more]
}
