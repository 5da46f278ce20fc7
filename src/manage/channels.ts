import { channelOf, noChannel } from './channel-access.ts'
import type { ChannelOwner, ChannelTools, ListedChannel } from './channel-ports.ts'
import { scopeOf } from './channel-scope.ts'
import { countOf } from './page-size.ts'
import type { Page } from './ports.ts'
import { type Actor, byOf } from './who-may.ts'

interface OneChannel {
  readonly actor: Actor
  readonly id: string
}

/**
 * Channels by id, a page at a time. Without an owner: the actor's own, or everybody's for those who manage everything.
 * Throws a `Fault`: `not_found`, `forbidden`, `policy_unavailable`.
 */
export async function listChannels(
  tools: Pick<ChannelTools, 'channels'>,
  wish: {
    readonly actor: Actor
    readonly owner?: ChannelOwner | undefined
    readonly after?: string | undefined
    readonly countMax?: number | undefined
  },
): Promise<Page<ListedChannel>> {
  const scope = await scopeOf(tools, wish)
  return tools.channels.channels(scope, { after: wish.after, countMax: countOf(wish.countMax) })
}

/** One channel. Throws a `Fault`: `not_found`, also for a foreign one, `policy_unavailable`. */
export function readChannel(tools: Pick<ChannelTools, 'channels'>, wish: OneChannel): Promise<ListedChannel> {
  return channelOf(tools, wish)
}

/** Removes a channel and the deliveries it had. Throws a `Fault`: `not_found`, also for a foreign one, `policy_unavailable`. */
export async function removeChannel(tools: Pick<ChannelTools, 'channels'>, wish: OneChannel): Promise<void> {
  await channelOf(tools, wish)
  if (!(await tools.channels.remove(wish.id, byOf(wish.actor).by))) throw noChannel(wish.id)
}

/**
 * Lets a stopped channel go on; what waited and is not older than a day is sent.
 * Throws a `Fault`: `not_found`, also for a foreign one, `policy_unavailable`.
 */
export async function resumeChannel(tools: Pick<ChannelTools, 'channels'>, wish: OneChannel): Promise<ListedChannel> {
  await channelOf(tools, wish)
  await tools.channels.resume(wish.id)
  return channelOf(tools, wish)
}
