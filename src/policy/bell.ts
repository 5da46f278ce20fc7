import type { Clock } from './ports.ts'

/** One waiter, any number of ringers. A ring while nobody waits is kept, so none is lost between two waits. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring, a ring since the last wait, or after `ms`. */
  wait(ms: number): Promise<void>
}

export function createBell(clock: Clock): Bell {
  let hasRung = false
  let waiter: AbortController | undefined
  return {
    ring() {
      hasRung = true
      waiter?.abort()
    },
    async wait(ms) {
      if (!hasRung) {
        waiter = new AbortController()
        await clock.sleep(ms, waiter.signal)
        waiter = undefined
      }
      hasRung = false
    },
  }
}
