import { Fault } from '../core/fault.ts'
import { channelOf } from './channel-access.ts'
import type { ChannelTools, ListedDelivery } from './channel-ports.ts'
import { type Actor, byOf } from './who-may.ts'

const testWaitMsDefault = 10_000
const testWaitMsMax = 30_000
/** Of one owner's channels, whoever makes them but the operator. */
const perHourMax = 10

/** What came of a test: `delivery` is absent when nobody has taken it up in time, because no process has the role alerts. */
export interface TestAnswer {
  readonly event: string
  readonly delivery?: ListedDelivery
}

/**
 * Sends a test message by the road that every message takes, and waits until its delivery has ended or `waitMs` (10 s) are over.
 * Throws a `Fault`: `not_found`, also for a foreign one, `conflict` when the channel is disabled or stopped, or its owner's had 10
 * tests within an hour (the operator's are not counted), `policy_unavailable`.
 */
export async function testChannel(
  tools: Pick<ChannelTools, 'channels'>,
  wish: { readonly actor: Actor; readonly id: string; readonly waitMs?: number | undefined },
): Promise<TestAnswer> {
  const channel = await channelOf(tools, wish)
  if (channel.state === 'disabled') throw new Fault('conflict', `The channel ${channel.id} is disabled`)
  if (channel.state === 'stopped')
    throw new Fault(
      'conflict',
      `The channel ${channel.id} is stopped (${channel.stoppedWhy ?? 'gone'}): resume it first`,
    )
  const limits = wish.actor.kind === 'operator' ? {} : { perHourMax }
  const event = await tools.channels.addTest(channel, { by: byOf(wish.actor).by, ...limits })
  if (event === undefined)
    throw new Fault('conflict', `The channels of this owner had ${perHourMax} tests within an hour: try again later`)
  const waitMs = Math.min(testWaitMsMax, wish.waitMs ?? testWaitMsDefault)
  const delivery = await tools.channels.awaitDelivery(event, waitMs)
  return { event, ...(delivery !== undefined && { delivery }) }
}
