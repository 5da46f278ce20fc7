import type { ChannelKind, SecretOpener, Sender } from '../alerts/ports.ts'
import { createPost, type Lookup } from './post.ts'
import type { SendTools } from './send-tools.ts'
import { createWebhookSender } from './webhook.ts'

export interface SenderOptions {
  readonly secretBox: SecretOpener
  /** Absent: mail is not sent, and each try says so. */
  readonly mail?: { readonly url: string; readonly from?: string }
  readonly lookup?: Lookup
  readonly nowMs?: () => number
}

/** One sender per kind of channel. */
export interface Senders extends Readonly<Record<ChannelKind, Sender>> {
  /** Ends what stays open between messages. */
  close(): void
}

/** The senders of every kind of channel, over one way of dialling. */
export function createSenders({ secretBox, lookup, nowMs = Date.now }: SenderOptions): Senders {
  const tools: SendTools = { post: createPost(lookup === undefined ? {} : { lookup }), secrets: secretBox, nowMs }
  const webhook = createWebhookSender(tools)
  const later = (kind: ChannelKind): Sender => ({ ...webhook, kind })
  return {
    webhook,
    wecom: later('wecom'),
    dingtalk: later('dingtalk'),
    feishu: later('feishu'),
    slack: later('slack'),
    email: later('email'),
    alertmanager: later('alertmanager'),
    close: () => {},
  }
}
