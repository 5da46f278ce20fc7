import { setTimeout as delay } from 'node:timers/promises'

export interface Load {
  /** Sends no more, waits for every answer. */
  stop(): Promise<{
    readonly asked: number
    /** Statuses that are not 200; 0 = no answer at all. */
    readonly others: readonly number[]
  }>
}

/** Asks at a steady pace, whether answers come or not. */
export function startLoad(
  ask: () => Promise<{ readonly status: number }>,
  { everyMs }: { readonly everyMs: number },
): Load {
  const asked: Promise<number>[] = []
  const stopping = new AbortController()
  const sending = send()

  async function send(): Promise<void> {
    while (!stopping.signal.aborted) {
      asked.push(
        ask().then(
          ({ status }) => status,
          () => 0,
        ),
      )
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  return {
    async stop() {
      stopping.abort()
      await sending
      const statuses = await Promise.all(asked)
      return { asked: statuses.length, others: statuses.filter((status) => status !== 200) }
    },
  }
}
