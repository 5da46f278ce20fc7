import type { AlertEvent, AlertType } from '../core/alert-event.ts'
import type { Directory, Page, SecretSealer } from './ports.ts'

/** As the CHECK of `alert_channel.kind` has them. */
export const channelKindWords = ['webhook', 'wecom', 'dingtalk', 'feishu', 'slack', 'email', 'alertmanager'] as const
export type ChannelKindWord = (typeof channelKindWords)[number]

/** Whose channel it is: it hears what concerns this account, project or department, or the whole installation. */
export type ChannelOwner =
  | { readonly kind: 'account' | 'project' | 'department'; readonly id: string }
  | { readonly kind: 'installation' }

/** What can be set of a channel; absent: left as it is, or its default. */
export interface ChannelChange {
  readonly kind?: ChannelKindWord | undefined
  readonly target?: string | undefined
  /** `rotate`: another one of our making, the former counts for 24 hours more. Null: none. */
  readonly secret?: string | { readonly rotate: true } | null | undefined
  readonly language?: 'en' | 'zh' | undefined
  readonly timeZone?: string | null | undefined
  /** Null: all. */
  readonly types?: readonly AlertType[] | null | undefined
  readonly percentMin?: number | undefined
  readonly isPrivateTarget?: boolean | undefined
  readonly isDisabled?: boolean | undefined
  readonly note?: string | undefined
}

/** A channel as people see it: never its target or secret. */
export interface ListedChannel {
  readonly id: string
  readonly kind: ChannelKindWord
  readonly owner: ChannelOwner
  /** Host and last characters, or whose mailbox, or the reference. */
  readonly targetHint: string
  readonly hasSecret: boolean
  readonly language: 'en' | 'zh'
  readonly timeZone?: string
  readonly types?: readonly AlertType[]
  readonly percentMin: number
  readonly isPrivateTarget: boolean
  readonly note: string
  readonly state: 'on' | 'disabled' | 'stopped'
  readonly stoppedAtMs?: number
  readonly stoppedWhy?: string
  readonly lastSentAtMs?: number
  readonly lastError?: string
  readonly lastErrorAtMs?: number
}

/** A delivery as people see it. */
export interface ListedDelivery {
  readonly id: string
  readonly channel: string
  readonly event: Pick<AlertEvent, 'id' | 'type' | 'level' | 'atMs' | 'account' | 'project' | 'percent'>
  readonly state: 'pending' | 'sending' | 'sent' | 'failed' | 'resent'
  readonly attempts: number
  readonly createdAtMs: number
  /** Of one that waits. */
  readonly nextAtMs?: number
  readonly sentAtMs?: number
  /** The delivery whose message told this one too. */
  readonly sentWith?: string
  readonly error?: string
}

/** What a row is to hold, checked, its secrets sealed. */
export interface ChannelRow {
  readonly id: string
  readonly kind: ChannelKindWord
  readonly owner: ChannelOwner
  readonly target: string
  readonly targetHint?: string
  readonly secret?: string
  /** What becomes of the secret before: `replaced`: the one the row had until now, for 24 hours more; `kept`: as the row has it. */
  readonly formerSecret: 'replaced' | 'kept' | 'none'
  readonly language: 'en' | 'zh'
  readonly timeZone?: string
  readonly types?: readonly AlertType[]
  readonly percentMin: number
  readonly isPrivateTarget: boolean
  readonly isDisabled: boolean
  readonly note: string
  /** Of an account's channel: another account said where it goes. */
  readonly isSetByAnother: boolean
}

/** A row as it is kept, for changing it. */
export interface KeptChannel extends Omit<ChannelRow, 'formerSecret'> {}

/** Whose channels, deliveries or events are meant; `all`: everybody's. */
export type ChannelScope = { readonly kind: 'all' } | ChannelOwner

/** What may be sent again became another row, or why not. */
export type Resent =
  | { readonly kind: 'resent'; readonly delivery: ListedDelivery }
  | { readonly kind: 'refused'; readonly state: ListedDelivery['state'] }

/**
 * Channels, deliveries and events of the database. `by` is written into the audit; undefined: the operator, whom the database knows by the name of its session. Faults: `policy_unavailable` when the database does not
 * answer, `not_valid` when one of its rules refuses, in words for people, `conflict` for a name that is taken.
 */
export interface ChannelBook {
  kept(id: string): Promise<KeptChannel | undefined>
  channel(id: string): Promise<ListedChannel | undefined>
  /** By id; `all`: everybody's. */
  channels(
    scope: ChannelScope,
    page: { readonly after?: string | undefined; readonly countMax: number },
  ): Promise<Page<ListedChannel>>
  /** Adds it, unless its owner has `ownedMax` already (answers undefined). Throws `conflict` when the id is taken. */
  add(
    row: ChannelRow,
    options: { readonly by: string | undefined; readonly ownedMax?: number },
  ): Promise<ListedChannel | undefined>
  /** Undefined: there is no such row any more. */
  change(row: ChannelRow, by: string | undefined): Promise<ListedChannel | undefined>
  /** False: there was none. */
  remove(id: string, by: string | undefined): Promise<boolean>
  /** Lets a stopped or resting channel try again at once. */
  resume(id: string): Promise<void>
  /** Writes a test event for this channel alone; answers its id. Undefined: people have made `perHourMax` of this owner's within an hour. */
  addTest(
    channel: ListedChannel,
    options: { readonly by: string | undefined; readonly perHourMax?: number },
  ): Promise<string | undefined>
  /** The delivery of the event when it has ended, or as it stands after `waitMs`; undefined: not even written by then. */
  awaitDelivery(event: string, waitMs: number): Promise<ListedDelivery | undefined>
  delivery(id: string): Promise<ListedDelivery | undefined>
  /** Newest first. */
  deliveries(wanted: {
    readonly scope: ChannelScope
    readonly channel?: string | undefined
    readonly state?: ListedDelivery['state'] | undefined
    readonly after?: string | undefined
    readonly countMax: number
  }): Promise<Page<ListedDelivery>>
  /** Writes another delivery of the same event. Undefined: there is none of this id. */
  resend(id: string): Promise<Resent | undefined>
  /** Newest first, those passed over among them not. */
  events(wanted: {
    readonly scope: ChannelScope
    readonly after?: string | undefined
    readonly countMax: number
  }): Promise<Page<AlertEvent>>
  /** Whether there is such an account, project or department. */
  hasOwner(owner: Exclude<ChannelOwner, { readonly kind: 'installation' }>): Promise<boolean>
}

/** What the use cases of channels are given. */
export interface ChannelTools {
  readonly channels: ChannelBook
  readonly directory: Pick<Directory, 'holder'>
  readonly sealer: SecretSealer
  /** What is wrong with the URL of a target, in words for people; undefined: nothing. */
  readonly troubleWith: (target: string, options: { readonly isPrivate: boolean }) => string | undefined
  /** To which people may have mail sent, in lower case. */
  readonly mailDomains: readonly string[]
  /** Cryptographic randomness. */
  readonly randomBytes: (count: number) => Uint8Array
}
