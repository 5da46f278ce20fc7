import { randomBytes } from 'node:crypto'
import { logBufferMs, logEveryMs } from '../../envoy/times.ts'
import type { ProcessRoll } from '../check/ports.ts'
import { createPresence, type Presence } from '../check/presence.ts'
import { silentMs } from '../core/process-roll.ts'
import { halfOpenMsMax } from '../grpc/server.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { sweepLateMsMax } from '../usage/sweeper.ts'

const beatMs = 250

export interface StartedPresence {
  readonly presence: Presence
  /** For a sweep that begins now. */
  readonly brokeAtMs: () => Promise<number>
}

/** Puts this process on the roll; it leaves when the stack is undone, which is after the listener above it has drained. */
export async function startPresence(
  started: AsyncDisposableStack,
  given: {
    readonly settings: Settings
    readonly observer: Observer
    readonly roll: ProcessRoll
    /** How long the policy in force lets a request be held. */
    readonly holdMsMax: () => number
  },
): Promise<StartedPresence> {
  const { settings, observer, holdMsMax } = given
  const presence = createPresence({
    ...{ roll: given.roll, observer, id: randomBytes(12).toString('base64url') },
    ...{ nowMs: () => performance.now(), everyMs: beatMs },
  })
  await presence.start()
  started.defer(() => presence.stop())
  // A request that is held now may be so by a policy that has passed.
  let longestHoldMs = 0
  const brokeAtMs = async (): Promise<number> => {
    longestHoldMs = Math.max(longestHoldMs, holdMsMax())
    if (settings.TOLLGATE_RESERVATION_MS <= releaseHorizonMs(settings, longestHoldMs)) return Number.POSITIVE_INFINITY
    await presence.refresh()
    return presence.brokeAtMs()
  }
  return { presence, brokeAtMs }
}

/**
 * How old a reservation must be before "nobody reported it, and no stream broke since" says that Envoy never had it. Its first log entry is
 * there after the hold and the Check's deadline, a periodic interval and a flush; if a break lost that one, the break is known after the
 * silence (over TCP: of a connection) and a beat; and what was known may be as old as a sweep may be late. Younger ones could be released although a break that is still
 * to be noticed ate their entry.
 */
export function releaseHorizonMs(
  settings: Pick<Settings, 'TOLLGATE_CHECK_MS_MAX' | 'TOLLGATE_GRPC_ADDRESS'>,
  holdMs: number,
): number {
  const { TOLLGATE_CHECK_MS_MAX: checkMs, TOLLGATE_GRPC_ADDRESS: tcp } = settings
  const noticedMs = Math.max(silentMs, tcp === undefined ? 0 : halfOpenMsMax)
  return holdMs + checkMs + logEveryMs + logBufferMs + noticedMs + beatMs + sweepLateMsMax
}
