/** A background loop that never overlaps itself and never dies. */
export interface Loop {
  start(): void
  /** Cuts an idle wait short, not the wait after a failure; during a step: the next one follows at once. */
  wake(): void
  /** Resolves when the step under way has ended; no other begins. */
  stop(): Promise<void>
}

export interface LoopOptions {
  /** Answers how many milliseconds to rest; 0: go on at once. */
  readonly step: () => Promise<number>
  /** A step threw; how many did so in a row. */
  readonly onFault: (error: unknown, failures: number) => void
  /** First wait after a failure; it doubles with each further one. */
  readonly backoffMs: number
  readonly backoffMsMax: number
}

/** Runs `step` again and again until stopped. */
export function createLoop(options: LoopOptions): Loop {
  const rest = createRest()
  let failures = 0
  let running: Promise<void> | undefined
  let isStopping = false

  async function once(): Promise<void> {
    rest.forgetWake()
    try {
      const waitMs = await options.step()
      failures = 0
      if (waitMs > 0 && !isStopping) await rest.wait(waitMs, { isWakeable: true })
    } catch (error) {
      failures += 1
      options.onFault(error, failures)
      const waitMs = Math.min(options.backoffMsMax, options.backoffMs * 2 ** Math.min(failures - 1, 20))
      if (!isStopping) await rest.wait(waitMs, { isWakeable: false })
    }
  }

  async function run(): Promise<void> {
    while (!isStopping) await once()
  }

  return {
    start() {
      running ??= run()
    },
    wake: rest.wake,
    async stop() {
      isStopping = true
      rest.end()
      await running
    },
  }
}

/** One wait at a time that others can cut short; a wake that comes while nobody waits counts for the next wait. */
function createRest() {
  let isWoken = false
  let current: { readonly isWakeable: boolean; readonly end: () => void } | undefined
  return {
    async wait(ms: number, { isWakeable }: { readonly isWakeable: boolean }): Promise<void> {
      if (isWoken && isWakeable) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms)
      current = { isWakeable, end: resolve }
      await promise
      clearTimeout(timer)
      current = undefined
    },
    /** Whoever called until now is served by the step that begins. */
    forgetWake(): void {
      isWoken = false
    },
    wake(): void {
      isWoken = true
      if (current?.isWakeable) current.end()
    },
    end(): void {
      current?.end()
    },
  }
}
