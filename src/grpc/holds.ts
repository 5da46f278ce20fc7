import type { Observer } from '../telemetry/observer.ts'

/** `over`: as long as was asked · `sooner`: what it waited for came · `released`: this process stops · `left`: nobody waits any more. */
export type HoldEnd = 'over' | 'sooner' | 'released' | 'left'

export interface Hold {
  readonly forMs: number
  /** Ends the hold when it settles. */
  readonly sooner?: Promise<unknown>
  /** Takes what ends the hold when the caller leaves. */
  readonly onLeave: (leave: () => void) => void
}

/** The requests whose answers are held back. How many there may be is the business of those who ask for it (`check/seats.ts`). */
export interface Holds {
  /** Waits on a timer; never rejects. */
  wait(hold: Hold): Promise<HoldEnd>
  /** Ends every hold, and every later one at once: what was taken for them stays taken, so nothing is given away. */
  end(): void
}

export function createHolds(observer: Observer): Holds {
  const held = new Set<(why: HoldEnd) => void>()
  let isEnding = false
  const wait = ({ forMs, sooner, onLeave }: Hold): Promise<HoldEnd> => {
    if (isEnding || forMs <= 0) return Promise.resolve(isEnding ? 'released' : 'over')
    const startedMs = performance.now()
    return new Promise((resolve) => {
      const end = (why: HoldEnd): void => {
        if (!held.delete(end)) return
        clearTimeout(timer)
        observer.set('checks_held', held.size)
        observer.time('check_held_seconds', (performance.now() - startedMs) / 1_000, { end: why })
        resolve(why)
      }
      const timer = setTimeout(end, forMs, 'over')
      held.add(end)
      observer.set('checks_held', held.size)
      const soon = (): void => end('sooner')
      sooner?.then(soon, soon)
      onLeave(() => end('left'))
    })
  }
  return {
    wait,
    end() {
      isEnding = true
      for (const end of [...held]) end('released')
    },
  }
}
