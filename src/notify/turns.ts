/** Lets at most so many at a time do something, the others wait for their turn. */
export interface Turns {
  /** Undefined: there was no turn within `waitMs`, or too many wait already. Whoever has one gives it back by `done`, once. */
  take(waitMs: number): Promise<{ readonly done: () => void } | undefined>
}

/** `countMax` at a time; more than `waitingMax` waiting are turned away at once. */
export function createTurns({
  countMax,
  waitingMax,
}: {
  readonly countMax: number
  readonly waitingMax: number
}): Turns {
  let free = countMax
  const waiting = new Set<() => void>()
  const done = (): void => {
    const [next] = waiting
    if (next === undefined) free += 1
    else next()
  }
  return {
    take: async (waitMs) => {
      if (free > 0) {
        free -= 1
        return { done }
      }
      if (waiting.size >= waitingMax) return undefined
      const { promise, resolve } = Promise.withResolvers<{ readonly done: () => void } | undefined>()
      const end = (turn: { readonly done: () => void } | undefined): void => {
        waiting.delete(called)
        clearTimeout(timer)
        resolve(turn)
      }
      const called = (): void => end({ done })
      const timer = setTimeout(() => end(undefined), waitMs)
      waiting.add(called)
      return promise
    },
  }
}
