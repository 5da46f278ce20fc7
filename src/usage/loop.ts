import { createOutage } from '../core/outage.ts'
import type { Observer } from '../telemetry/observer.ts'

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
  /** Where a row of failures is said when it begins, once a minute while it goes on, and when it ends. */
  readonly log?: {
    readonly observer: Pick<Observer, 'info' | 'warn'>
    readonly failed: string
    readonly again: string
  }
  /** First wait after a failure; it doubles with each further one. */
  readonly backoffMs: number
  readonly backoffMsMax: number
}

/** Runs `step` again and again until stopped. */
export function createLoop(options: LoopOptions): Loop {
  const rest = createRest()
  const tell = createTeller(options.log)
  let failures = 0
  let running: Promise<void> | undefined
  let isStopping = false

  async function once(): Promise<void> {
    rest.forgetWake()
    try {
      const waitMs = await options.step()
      failures = 0
      tell.succeeded()
      if (waitMs > 0 && !isStopping) await rest.wait(waitMs, { isWakeable: true })
    } catch (error) {
      failures += 1
      options.onFault(error, failures)
      tell.failed(error)
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

function createTeller(log: LoopOptions['log']) {
  const outage = createOutage()
  return {
    failed(error: unknown): void {
      const failures = outage.failed(performance.now())
      if (failures !== undefined) log?.observer.warn(log.failed, { failures, error })
    },
    succeeded(): void {
      const failures = outage.ended()
      if (failures !== undefined) log?.observer.info(log.again, { failures })
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
