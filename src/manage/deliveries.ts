import type { AlertEvent } from '../core/alert-event.ts'
import { Fault } from '../core/fault.ts'
import { channelOf } from './channel-access.ts'
import type { ChannelOwner, ChannelTools, ListedDelivery } from './channel-ports.ts'
import { assertSees, scopeOf } from './channel-scope.ts'
import { countOf } from './page-size.ts'
import type { Page } from './ports.ts'
import type { Actor } from './who-may.ts'

const deliveryId = /^\d{1,18}$/

interface PageWish {
  /** `next` of the page before. */
  readonly after?: string | undefined
  readonly countMax?: number | undefined
}

/**
 * Deliveries, newest first: of one channel, of an owner's, the actor's own, or everybody's for those who manage everything.
 * Throws a `Fault`: `not_found`, `forbidden`, `not_valid` (`after` is none of ours), `policy_unavailable`.
 */
export async function listDeliveries(
  tools: Pick<ChannelTools, 'channels'>,
  wish: PageWish & {
    readonly actor: Actor
    readonly channel?: string | undefined
    readonly owner?: ChannelOwner | undefined
    readonly state?: ListedDelivery['state'] | undefined
  },
): Promise<Page<ListedDelivery>> {
  const { actor, channel, state, after } = wish
  if (after !== undefined && !deliveryId.test(after)) throw new Fault('not_valid', 'after must be the next of a page')
  const scope =
    channel === undefined ? await scopeOf(tools, wish) : (await channelOf(tools, { actor, id: channel })).owner
  return tools.channels.deliveries({ scope, channel, state, after, countMax: countOf(wish.countMax) })
}

/**
 * Sends what was given up, or sent, once more: with the same event id, as a delivery of its own. Answers the new one.
 * Throws a `Fault`: `not_found`, also for one of a foreign channel, `conflict` when it is still on its way, `policy_unavailable`.
 */
export async function resendDelivery(
  tools: Pick<ChannelTools, 'channels'>,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<ListedDelivery> {
  const noDelivery = new Fault('not_found', `There is no delivery ${id}`)
  const delivery = deliveryId.test(id) ? await tools.channels.delivery(id) : undefined
  if (delivery === undefined) throw noDelivery
  await channelOf(tools, { actor, id: delivery.channel }).catch((error: unknown) => {
    throw error instanceof Fault && error.code === 'not_found' ? noDelivery : error
  })
  const answer = await tools.channels.resend(id)
  if (answer === undefined) throw noDelivery
  if (answer.kind === 'resent') return answer.delivery
  const why = answer.state === 'resent' ? 'another delivery took its place already' : 'it is still on its way'
  throw new Fault('conflict', `The delivery ${id} cannot be sent again: ${why}`)
}

/**
 * What people were told of, newest first: of an account, a project, a department, or all of it for those who manage everything.
 * Throws a `Fault`: `not_found`, `forbidden`, `policy_unavailable`.
 */
export async function readEvents(
  tools: Pick<ChannelTools, 'channels' | 'directory'>,
  wish: PageWish & { readonly actor: Actor; readonly owner?: ChannelOwner | undefined },
): Promise<Page<AlertEvent>> {
  const scope = await assertSees(tools, wish)
  return tools.channels.events({ scope, after: wish.after, countMax: countOf(wish.countMax) })
}
