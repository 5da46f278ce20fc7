import { createLanes } from './lanes.ts'
import type { Outbox } from './ports.ts'
import { type LaneParts, runLane } from './run-lane.ts'

export interface DelivererOptions extends Omit<LaneParts, 'isStopping' | 'signal'> {
  readonly outbox: Outbox
  readonly settings: DelivererSettings
  /** A lane came free, or events were routed: there may be more to do at once. */
  readonly onFree: () => void
}

export interface DelivererSettings extends Readonly<LaneParts['settings']> {
  /** Between two questions for something new. */
  readonly pollMs: number
  /** Events of one routing. */
  readonly routeMax: number
  /** Channels that are served at the same time and answer soon. */
  readonly quickLanesMax: number
  /** All of them, those that keep us waiting among them. */
  readonly lanesMax: number
  /** Those of channels that could not be reached the last time. */
  readonly failingLanesMax: number
  /** A send that takes longer no longer counts among the quick ones. */
  readonly quickMs: number
  readonly upkeepEveryMs: number
  /** For messages that are under way when it stops. */
  readonly stopMsMax: number
}

export const delivererDefaults: DelivererSettings = {
  pollMs: 200,
  routeMax: 500,
  quickLanesMax: 64,
  lanesMax: 256,
  failingLanesMax: 16,
  quickMs: 1_000,
  upkeepEveryMs: 60_000,
  stopMsMax: 3_000,
  holdCount: 20,
  digestMax: 100,
  parallelMax: 4,
  holdMs: 30_000,
  sendMsMax: 12_000,
  laneMsMax: 5_000,
}

/** Events into deliveries, deliveries to their channels. */
export interface Deliverer {
  /** Routes what is new and starts what is due; answers how many milliseconds to rest. Throws what the outbox throws. */
  step(): Promise<number>
  /**
   * Gives up and forgets what is too old, and counts what waits; answers how many milliseconds to rest. To be run beside `step`, never before
   * it: messages wait for nothing of it. Throws what the outbox throws.
   */
  upkeep(): Promise<number>
  /** Ends when what is under way has ended, or `stopMsMax` later: what is not known as sent by then is sent again by another. */
  stop(): Promise<void>
}

/** Until routing is tried again that another process is at. */
const busyMs = 50

/**
 * A lane per channel, so that none waits for another: each channel is served by one lane at a time, those that keep us waiting do not count
 * among the quick ones, and those that failed have a small share of their own. One cheap question per `pollMs` while nothing happens.
 */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const { outbox, settings, observer, clock } = options
  const stopping = new AbortController()
  const lanes = createLanes({ ...settings, nowMs: clock.nowMs, onCount: (count) => observer.set('alert_lanes', count) })
  const parts: LaneParts = { ...options, isStopping: () => stopping.signal.aborted, signal: stopping.signal }

  async function giveUp(): Promise<void> {
    const { waiting, givenUp } = await outbox.giveUp()
    observer.set('alert_deliveries_waiting', waiting)
    if (givenUp > 0) observer.count('alert_deliveries_given_up_total', {}, givenUp)
  }

  return {
    async step() {
      const due = await outbox.due({ except: lanes.channels(), ...lanes.free() })
      for (const channel of due.channels) {
        lanes.start(channel, async (lane) => {
          await runLane(lane, parts)
          options.onFree()
        })
      }
      if (!due.hasUnrouted) return Math.min(settings.pollMs, due.nextInMs ?? settings.pollMs)
      const routed = await outbox.route(settings.routeMax)
      observer.count('alert_events_routed_total', {}, routed)
      return routed > 0 ? 0 : busyMs
    },
    async upkeep() {
      try {
        await outbox.forget()
      } finally {
        await giveUp()
      }
      return settings.upkeepEveryMs
    },
    async stop() {
      stopping.abort()
      await Promise.race([lanes.ended(), clock.sleep(settings.stopMsMax, AbortSignal.timeout(settings.stopMsMax))])
    },
  }
}
