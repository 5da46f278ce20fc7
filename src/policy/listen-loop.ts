import { createOutage } from '../core/outage.ts'
import type { Observer } from '../telemetry/observer.ts'
import { reasonOf, waitMs } from './backoff.ts'
import type { Bell } from './bell.ts'
import type { Clock, Doorbell, PolicyDatabase } from './ports.ts'

export interface ListenLoop {
  /** Resolves after the first attempt, whether it listens or not. */
  readonly firstTry: Promise<void>
  isListening(): boolean
  stop(): Promise<void>
}

interface Deps {
  readonly database: PolicyDatabase
  readonly observer: Observer
  readonly clock: Clock
  readonly bell: Bell
  readonly probeMs: number
}

/** Keeps one doorbell alive: opens it, proves it now and then, opens another when it breaks. Rings once after each opening. */
export function keepListening(deps: Deps): ListenLoop {
  const { observer, clock, bell } = deps
  const stopping = new AbortController()
  const firstTry = Promise.withResolvers<void>()
  const outage = createOutage()
  let listening = false
  const setListening = (value: boolean): void => {
    listening = value
    observer.set('policy_listening', value ? 1 : 0)
  }

  async function listenOnce(): Promise<void> {
    const doorbell = await deps.database.listen(() => bell.ring())
    setListening(true)
    const attempts = outage.ended()
    if (attempts !== undefined) observer.info('policy_doorbell_back', { attempts })
    firstTry.resolve()
    // Whatever was missed before this moment is asked for now.
    bell.ring()
    try {
      await proveUntilBroken(doorbell)
    } finally {
      setListening(false)
      await doorbell.close()
    }
  }

  async function proveUntilBroken(doorbell: Doorbell): Promise<void> {
    const ended = new AbortController()
    stopping.signal.addEventListener('abort', () => ended.abort(), { once: true, signal: ended.signal })
    let isBroken = false
    void doorbell.broken.then(() => {
      isBroken = true
      ended.abort()
    })
    while (!ended.signal.aborted) {
      await clock.sleep(deps.probeMs, ended.signal)
      if (!ended.signal.aborted) await doorbell.prove()
    }
    if (isBroken) observer.warn('policy_doorbell_lost', { reason: 'connection closed' })
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        await listenOnce()
        failures = 0
      } catch (error) {
        failures += 1
        const attempt = outage.failed(clock.nowMs())
        if (attempt !== undefined) observer.warn('policy_doorbell_lost', { reason: reasonOf(error), attempt })
      }
      firstTry.resolve()
      if (!stopping.signal.aborted) await clock.sleep(waitMs(failures), stopping.signal)
    }
  }

  const running = run()
  return {
    firstTry: firstTry.promise,
    isListening: () => listening,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
