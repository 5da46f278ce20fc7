import { isSlug } from '../core/slug.ts'
import { assertMayManage, noOwner } from './channel-access.ts'
import type { ChannelOwner, ChannelScope, ChannelTools } from './channel-ports.ts'
import { type Actor, may } from './who-may.ts'

/** May reach private networks, and have as many channels as they like. */
export function isUnbound(actor: Actor): boolean {
  return may(actor, 'manage everything', { account: '', project: '' })
}

/** What is meant when nothing is named: all of it for those who manage everything, else what is the actor's own. */
export async function scopeOf(
  tools: Pick<ChannelTools, 'channels'>,
  { actor, owner }: { readonly actor: Actor; readonly owner?: ChannelOwner | undefined },
): Promise<ChannelScope> {
  if (owner === undefined)
    return actor.kind === 'operator' || isUnbound(actor) ? { kind: 'all' } : { kind: 'account', id: actor.id }
  await assertMayManage(tools, actor, owner)
  return owner
}

/**
 * Whose events are meant, if the actor may see them: a lead those of the project and of each of its people.
 * Throws a `Fault`: `not_found`, `forbidden`.
 */
export async function assertSees(
  tools: Pick<ChannelTools, 'channels' | 'directory'>,
  { actor, owner }: { readonly actor: Actor; readonly owner?: ChannelOwner | undefined },
): Promise<ChannelScope> {
  if (owner === undefined || owner.kind !== 'account') return scopeOf(tools, { actor, owner })
  const holder = isSlug(owner.id) ? await tools.directory.holder(owner.id) : undefined
  if (holder === undefined || !may(actor, 'see the use', holder)) throw noOwner(owner)
  return owner
}
