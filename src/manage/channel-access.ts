import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import type { ChannelOwner, ChannelTools, ListedChannel } from './channel-ports.ts'
import { type Action, type Actor, assertMay, may } from './who-may.ts'

const nobody = { account: '', project: '' }

/**
 * Whether the actor may manage what belongs to this owner. Throws a `Fault`: `not_found` when there is no such owner or it is none of the
 * actor's business, `forbidden` when it is their own project and they do not lead it.
 */
export async function assertMayManage(
  tools: Pick<ChannelTools, 'channels'>,
  actor: Actor,
  owner: ChannelOwner,
): Promise<void> {
  const [action, of] = actionOn(actor, owner)
  if (!may(actor, action, of)) {
    if (owner.kind !== 'installation' && !isKnownTo(actor, owner)) throw noOwner(owner)
    assertMay(actor, action, of)
  }
  if (owner.kind === 'installation') return
  if (!isSlug(owner.id) || !(await tools.channels.hasOwner(owner))) throw noOwner(owner)
}

/** The channel, if it is the actor's to manage. Throws a `Fault` of code `not_found`: a foreign channel is none. */
export async function channelOf(
  tools: Pick<ChannelTools, 'channels'>,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<ListedChannel> {
  const channel = isSlug(id) ? await tools.channels.channel(id) : undefined
  if (channel === undefined || !mayManage(actor, channel.owner)) throw noChannel(id)
  return channel
}

export function mayManage(actor: Actor, owner: ChannelOwner): boolean {
  const [action, of] = actionOn(actor, owner)
  return may(actor, action, of)
}

export function noChannel(id: string): Fault {
  return new Fault('not_found', `There is no channel ${id}`)
}

export function noOwner(owner: ChannelOwner): Fault {
  return new Fault(
    'not_found',
    owner.kind === 'installation' ? 'There is no installation' : `There is no ${owner.kind} ${owner.id}`,
  )
}

function actionOn(
  actor: Actor,
  owner: ChannelOwner,
): readonly [Action, { readonly account: string; readonly project: string }] {
  // A lead hears and sees for the project, and is not let into what its people have of their own.
  if (owner.kind === 'account') return ['manage channels', { account: owner.id, project: projectOf(actor, owner.id) }]
  if (owner.kind === 'project') return ['manage project channels', { account: '', project: owner.id }]
  return ['manage everything', nobody]
}

function projectOf(actor: Actor, account: string): string {
  return actor.kind === 'account' && actor.id === account ? actor.project : ''
}

function isKnownTo(actor: Actor, owner: { readonly kind: string; readonly id: string }): boolean {
  return actor.kind === 'account' && owner.kind === 'project' && owner.id === actor.project
}
