import { alertTypes } from '../core/alert-event.ts'
import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import { isReference, targetHintOf } from '../core/target-hint.ts'
import { assertMayManage, mayManage, noChannel } from './channel-access.ts'
import {
  type ChannelChange,
  type ChannelKindWord,
  type ChannelOwner,
  type ChannelRow,
  type ChannelTools,
  channelKindWords,
  type KeptChannel,
  type ListedChannel,
} from './channel-ports.ts'
import { isUnbound } from './channel-scope.ts'
import { type MadeSecret, secretFor } from './channel-secret.ts'
import { assertTarget } from './channel-target.ts'
import { assertMayMail } from './mail-domains.ts'
import { type Actor, byOf } from './who-may.ts'

export interface SetChannel {
  readonly actor: Actor
  /** Of one that is there: it is changed. Absent: a new one, with an id of our making. */
  readonly id?: string | undefined
  /** Of a new one; absent: the actor's own, or the installation's for the operator. It never changes. */
  readonly owner?: ChannelOwner | undefined
  readonly change: ChannelChange
}

/** A channel after it was set, and its secret when Tollgate made it just now: it is shown this once. */
export interface SetChannelAnswer {
  readonly channel: ListedChannel
  readonly secret?: string
  readonly isNew: boolean
}

/** Channels of one account or project, set by themselves. */
const ownedMax = 10
const idBytes = 8

/**
 * Adds a channel, or changes one. People set their own, leads their project's: https on the public internet, or mail to the domains that the
 * installation names, at most 10 for each owner; administrators any, and only the operator names variables and files. Targets and plain
 * secrets are sealed; a secret does not go along when somebody but the operator changes the target.
 * Throws a `Fault`: `not_found` (no such owner, a foreign channel), `forbidden`, `not_valid`, `conflict` (10 are there), `policy_unavailable`.
 */
export async function setChannel(tools: ChannelTools, wish: SetChannel): Promise<SetChannelAnswer> {
  if (wish.id !== undefined && !isSlug(wish.id))
    throw new Fault('not_valid', 'id must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen')
  const kept = wish.id === undefined ? undefined : await tools.channels.kept(wish.id)
  if (kept === undefined) return add(tools, wish)
  if (!mayManage(wish.actor, kept.owner)) throw noChannel(kept.id)
  assertFits(wish.change, { kind: kept.kind, actor: wish.actor })
  const { row, made } = await rowOf(tools, wish, { ...kept, isNew: false })
  const channel = await tools.channels.change(row, byOf(wish.actor).by)
  if (channel === undefined) throw noChannel(kept.id)
  return { channel, isNew: false, ...(made.shown !== undefined && { secret: made.shown }) }
}

async function add(tools: ChannelTools, wish: SetChannel): Promise<SetChannelAnswer> {
  const { actor, change } = wish
  const owner = wish.owner ?? ownOf(actor)
  await assertMayManage(tools, actor, owner)
  const { kind, target } = change
  if (kind === undefined || target === undefined) throw new Fault('not_valid', 'A new channel needs kind and target')
  const id = wish.id ?? `ch-${Buffer.from(tools.randomBytes(idBytes)).toString('hex')}`
  assertFits(change, { kind, actor })
  const { row, made } = await rowOf(tools, wish, { ...blank, id, kind, owner, target: '', isNew: true })
  const limits = isUnbound(actor) ? {} : { ownedMax }
  const channel = await tools.channels.add(row, { by: byOf(actor).by, ...limits })
  if (channel === undefined) throw new Fault('conflict', `There are ${ownedMax} channels already: remove one first`)
  return { channel, isNew: true, ...(made.shown !== undefined && { secret: made.shown }) }
}

const blank = {
  language: 'en',
  percentMin: 0,
  isPrivateTarget: false,
  isDisabled: false,
  note: '',
  isSetByAnother: false,
} as const

function ownOf(actor: Actor): ChannelOwner {
  return actor.kind === 'operator' ? { kind: 'installation' } : { kind: 'account', id: actor.id }
}

/** What no database rule says in words that help. */
function assertFits(
  change: ChannelChange,
  { kind, actor }: { readonly kind: ChannelKindWord; readonly actor: Actor },
): void {
  if (!channelKindWords.includes(kind))
    throw new Fault('not_valid', `kind must be one of ${channelKindWords.join(', ')}`)
  if (change.kind !== undefined && change.kind !== kind)
    throw new Fault('not_valid', 'kind cannot be changed: remove the channel and add another')
  if (change.isPrivateTarget === true && !isUnbound(actor))
    throw new Fault('not_valid', 'Only an administrator may let a channel reach a private network')
  const unknown = change.types?.find((type) => !alertTypes.includes(type))
  if (unknown !== undefined) throw new Fault('not_valid', `types must be some of ${alertTypes.join(', ')}`)
}

async function rowOf(
  tools: ChannelTools,
  { actor, change }: SetChannel,
  { isNew, ...former }: KeptChannel & { readonly isNew: boolean },
): Promise<{ readonly row: ChannelRow; readonly made: MadeSecret }> {
  const isPrivateTarget = change.isPrivateTarget ?? former.isPrivateTarget
  const mayReachPrivate = isUnbound(actor)
  // What a variable or a file holds goes to the target: that is for who may log in to the server.
  const mayRefer = actor.kind === 'operator'
  const isMoved = !isNew && change.target !== undefined && actor.kind !== 'operator'
  const { kind, secret: current } = former
  const made = await secretFor(tools, { kind, given: change.secret, current, isMoved, mayRefer })
  const { targetHint: _hint, secret: _secret, timeZone: _zone, types: _types, ...rest } = former
  const timeZone = change.timeZone === undefined ? former.timeZone : (change.timeZone ?? undefined)
  const types = change.types === undefined ? former.types : (change.types ?? undefined)
  const row = {
    ...rest,
    ...(await targetOf(tools, {
      actor,
      former,
      target: change.target,
      isPrivate: isPrivateTarget && mayReachPrivate,
      mayRefer,
    })),
    ...(made.kept !== undefined && { secret: made.kept }),
    formerSecret: isMoved ? 'none' : formerOf(made.kept, current),
    language: change.language ?? former.language,
    ...(timeZone !== undefined && { timeZone }),
    ...(types !== undefined && types.length > 0 && { types }),
    percentMin: change.percentMin ?? former.percentMin,
    // Whoever may not have set it does not keep it for another target either.
    isPrivateTarget: isPrivateTarget && (mayReachPrivate || change.target === undefined),
    isDisabled: change.isDisabled ?? former.isDisabled,
    note: change.note ?? former.note,
    isSetByAnother: change.target === undefined ? former.isSetByAnother : isAnothers(former.owner, actor),
  }
  return { row, made }
}

function isAnothers(owner: ChannelOwner, actor: Actor): boolean {
  return actor.kind === 'account' && owner.kind === 'account' && owner.id !== actor.id
}

function formerOf(kept: string | undefined, current: string | undefined): ChannelRow['formerSecret'] {
  if (kept === undefined) return 'none'
  return current === undefined || kept === current ? 'kept' : 'replaced'
}

async function targetOf(
  { sealer, troubleWith, mailDomains }: Pick<ChannelTools, 'sealer' | 'troubleWith' | 'mailDomains'>,
  wish: {
    readonly actor: Actor
    readonly former: KeptChannel
    readonly target: string | undefined
    readonly isPrivate: boolean
    readonly mayRefer: boolean
  },
): Promise<Pick<ChannelRow, 'target' | 'targetHint'>> {
  const { former, target } = wish
  if (target === undefined) {
    const { target: kept, targetHint } = former
    return { target: kept, ...(targetHint !== undefined && { targetHint }) }
  }
  assertTarget(former.kind, target, { ...wish, troubleWith })
  if (former.kind === 'email') assertMayMail(wish.actor, { target, mailDomains })
  const targetHint = targetHintOf(former.kind, target)
  // The schema wants a mail address in plain text, and a reference tells nothing.
  const isOpen = former.kind === 'email' || isReference(target)
  return { target: isOpen ? target : await sealer.seal(target), targetHint }
}
