import type { AlertEvent, NewAlertEvent } from '../core/alert-event.ts'

export const channelKinds = ['webhook', 'wecom', 'dingtalk', 'feishu', 'slack', 'email', 'alertmanager'] as const
export type ChannelKind = (typeof channelKinds)[number]

/** A row of `alert_channel` as senders need it; `target` and secrets may be references, which the sender opens. */
export interface Channel {
  readonly id: string
  readonly kind: ChannelKind
  readonly account?: string
  readonly project?: string
  readonly department?: string
  readonly target: string
  readonly secret?: string
  /** Counts until `formerSecretUntilMs`. */
  readonly formerSecret?: string
  readonly formerSecretUntilMs?: number
  readonly language: 'en' | 'zh'
  readonly timeZone?: string
  /** Plain http and private networks are allowed. */
  readonly isPrivateTarget: boolean
  /** Where it goes is the word of the account that it belongs to, or of the operator. */
  readonly isOwnWord?: boolean
}

/** Opens what policy rows refer to: `env:NAME`, `file:/path`, `sealed:…`, or the plain text itself. */
export interface SecretOpener {
  /** Undefined when it cannot be had: no such variable or file, sealed by another key. */
  open(reference: string): Promise<string | undefined>
}

/** Knows one target again, in whatever form rows keep it. */
export interface TargetMarker {
  /** The same for the same address behind references and seals, from which nobody can tell the address; of what cannot be opened, of the text. */
  markOf(reference: string): Promise<string>
}

/** One or several events in the words of one channel's language. */
export interface Message {
  /** The first event's: the same however often it is sent. */
  readonly id: string
  /** One line of plain text. */
  readonly title: string
  /** Plain text, no markup; whatever people wrote in it is to be escaped by the sender. */
  readonly paragraphs: readonly string[]
  /** Where one can see more or ask for more; absent when no public address is set. */
  readonly url?: string
  /** The same for everything about one limit in one window: mails of it make one thread. */
  readonly thread: string
  /** One, or those of a digest, the oldest first. */
  readonly events: readonly AlertEvent[]
  /** What machines read: the documented body of the generic webhook. */
  readonly body: Readonly<Record<string, unknown>>
}

/** How a target took a message. */
export type SendResult =
  | { readonly kind: 'sent' }
  /** Not now: unreachable, slow, a failure of theirs. */
  | { readonly kind: 'again'; readonly why: string; readonly retryAfterMs?: number }
  /** Too many at once, it says. */
  | { readonly kind: 'slower'; readonly why: string; readonly retryAfterMs?: number }
  /** This message will never be taken. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nothing will be taken there any more: the channel is stopped. */
  | { readonly kind: 'gone'; readonly why: string }

/** One kind of channel. An implementation MUST bound its wait (10 s), what it reads of an answer, and never throw for what a target does. */
export interface Sender {
  readonly kind: ChannelKind
  /** At most so many messages a minute to one target; what is above is told in one digest. Absent: no bound of the target's. */
  readonly perMinuteMax?: number
  send(channel: Channel, message: Message): Promise<SendResult>
}

/** Where events are written from outside the ledger's transaction. */
export interface EventStore {
  /** Writes those that do not stand yet; answers how many were new. Throws a `Fault` of code `policy_unavailable`. */
  add(events: readonly NewAlertEvent[]): Promise<number>
}

/** A delivery that this process holds until its hold is over. Ages are by the database's clock, at the moment of the hold. */
export interface HeldDelivery {
  readonly id: string
  /** How often it was tried before. */
  readonly attempts: number
  readonly ageMs: number
  readonly event: AlertEvent
  readonly eventAgeMs: number
  /** Of the account that the channel belongs to, else of the one it is about. */
  readonly accountZone?: string
}

/** Deliveries of one channel, as its row is now. */
export interface Held {
  readonly channel: Channel
  /** How often in a row the channel could not be reached. */
  readonly failures: number
  /** The oldest first. */
  readonly deliveries: readonly HeldDelivery[]
  /** The target takes no more messages this minute than one: all of these are to be told in it. */
  readonly isDigest: boolean
}

/** What became of held deliveries. */
export type DeliveryEnd =
  /** `sentWith`: the delivery in whose message the others were told. */
  | { readonly kind: 'sent'; readonly sentWith?: string }
  | { readonly kind: 'again'; readonly error?: string; readonly inMs: number; readonly isAttempt: boolean }
  | { readonly kind: 'failed'; readonly error: string }

/** A channel with deliveries that are due. */
export interface DueChannel {
  readonly id: string
  readonly kind: ChannelKind
  readonly isFailing: boolean
}

export interface Due {
  /** Events wait for `route`. */
  readonly hasUnrouted: boolean
  /** Those that have waited longest first. */
  readonly channels: readonly DueChannel[]
  /** How long until the next channel has something due; absent: nothing waits. */
  readonly nextInMs?: number
}

/**
 * Events that wait to be told, and the deliveries of each channel. Several processes may work on it: what one holds no other gets. What was
 * not delivered within a day is failed. Every method throws what the database throws, and has then done nothing.
 */
export interface Outbox {
  /** Writes the deliveries of at most `countMax` events that have none yet: one per channel that hears them. Answers how many events. */
  route(countMax: number): Promise<number>
  /** One cheap question, however many rows there are: what there is to do, without the channels of `except`. */
  due(wish: {
    readonly except: readonly string[]
    readonly countMax: number
    /** At most so many that could not be reached the last time. */
    readonly failingMax: number
  }): Promise<Due>
  /**
   * Takes at most `countMax` due deliveries of the channel, the oldest first, for `holdMs`. With `perMinuteMax`: no more messages than the
   * target still takes this minute, over all processes and channels; when more wait they are one digest of at most `digestMax`, and when it
   * takes none the channel rests.
   */
  hold(channel: string, take: Take): Promise<Held | undefined>
  /** Nothing, for one that is no longer held by `by`. */
  end(deliveries: readonly string[], end: DeliveryEnd, by: string): Promise<void>
  /** Nothing is due on the channel for `ms`; a failure counts against it until something is sent. */
  rest(channel: string, rest: { readonly ms: number; readonly why: string; readonly isFailure: boolean }): Promise<void>
  /** Stops a channel and writes the event that says so. */
  stopChannel(channel: string, why: string): Promise<void>
  /** Gives up what is older than a day and was tried, or cannot be. Answers how many deliveries wait, counted up to 100,000. Waits for no other. */
  giveUp(): Promise<{ readonly waiting: number; readonly givenUp: number }>
  /** Forgets old events with their deliveries; answers how many. What somebody is at is left for the next time. */
  forget(): Promise<number>
}

export interface Take {
  readonly by: string
  readonly countMax: number
  readonly holdMs: number
  readonly perMinuteMax?: number
  readonly digestMax: number
}
