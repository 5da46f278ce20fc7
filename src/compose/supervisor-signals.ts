/** What a supervisor is told by signals. */
export interface SupervisorSignals {
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly ending: Promise<void>
  /** True from that one on. */
  isEnding(): boolean
  /** Resolves at the second one. */
  readonly hurried: Promise<void>
  /** What SIGHUP does; one that comes while it is being done is ignored. */
  onRenew(work: () => Promise<void>): void
}

/** The first SIGTERM or SIGINT ends, a second one hurries; SIGHUP renews, unless it says that our terminal is gone. */
export function listenToSignals(): SupervisorSignals {
  const ending = Promise.withResolvers<void>()
  const hurried = Promise.withResolvers<void>()
  let isEnding = false
  let renew: () => Promise<void> = async () => undefined
  let isRenewing = false
  const end = (): void => {
    if (isEnding) hurried.resolve()
    isEnding = true
    ending.resolve()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end)
  process.on('SIGHUP', () => {
    if (process.stdin.isTTY) return end()
    if (isRenewing || isEnding) return
    isRenewing = true
    void renew().finally(() => {
      isRenewing = false
    })
  })
  return {
    ending: ending.promise,
    hurried: hurried.promise,
    isEnding: () => isEnding,
    onRenew(work: () => Promise<void>) {
      renew = work
    },
  }
}
