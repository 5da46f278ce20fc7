import type { DueChannel } from './ports.ts'

/** One channel being served. */
export interface Lane extends DueChannel {
  /** Something was handed to its target, which has not answered yet. */
  sending(): void
  answered(): void
}

export interface LanesOptions {
  readonly quickLanesMax: number
  readonly lanesMax: number
  readonly failingLanesMax: number
  readonly quickMs: number
  readonly nowMs: () => number
  readonly onCount: (count: number) => void
}

export interface Lanes {
  /** Channels that are served now. */
  channels(): readonly string[]
  /** How many more may be started: of those that work, and of those that failed last. */
  free(): { readonly countMax: number; readonly failingMax: number }
  /** Serves the channel until `work` ends, which must not throw. */
  start(channel: DueChannel, work: (lane: Lane) => Promise<void>): void
  /** When all have ended. */
  ended(): Promise<void>
}

/**
 * Who is served. A target that does not answer soon holds a place only among all of them, and a failing one a place of its own kind: so
 * neither takes the places of those that work.
 */
export function createLanes(options: LanesOptions): Lanes {
  const { quickLanesMax, lanesMax, failingLanesMax, quickMs, nowMs, onCount } = options
  const running = new Map<string, { readonly isFailing: boolean; sinceMs: number | undefined; work: Promise<void> }>()

  return {
    channels: () => [...running.keys()],
    free() {
      const all = [...running.values()]
      const failing = all.filter(({ isFailing }) => isFailing).length
      const slowSinceMs = nowMs() - quickMs
      const quick = all.filter(({ isFailing, sinceMs }) => !isFailing && (sinceMs ?? nowMs()) > slowSinceMs).length
      // Places of failing channels are beside the others, so that a crowd of slow ones leaves them a way back.
      const countMax = Math.min(quickLanesMax - quick, lanesMax - (all.length - failing))
      return { countMax: Math.max(0, countMax), failingMax: Math.max(0, failingLanesMax - failing) }
    },
    start(channel, work) {
      if (running.has(channel.id)) return
      const one = { isFailing: channel.isFailing, sinceMs: undefined as number | undefined, work: Promise.resolve() }
      running.set(channel.id, one)
      onCount(running.size)
      const lane = {
        ...channel,
        sending() {
          one.sinceMs ??= nowMs()
        },
        answered() {
          one.sinceMs = undefined
        },
      }
      one.work = Promise.try(work, lane).finally(() => {
        running.delete(channel.id)
        onCount(running.size)
      })
    },
    async ended() {
      await Promise.all([...running.values()].map(({ work }) => work))
    },
  }
}
