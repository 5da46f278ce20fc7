import type { ChannelKind, SecretOpener, Sender } from '../alerts/ports.ts'
import { createAlertmanagerSender } from './alertmanager.ts'
import { createDingtalkSender } from './dingtalk.ts'
import { createMailSender, type MailSettings } from './email.ts'
import { createFeishuSender } from './feishu.ts'
import { createPost, type Lookup } from './post.ts'
import type { SendTools } from './send-tools.ts'
import { createSlackSender } from './slack.ts'
import { createWebhookSender } from './webhook.ts'
import { createWecomSender } from './wecom.ts'

export interface SenderOptions {
  readonly secretBox: SecretOpener
  /** Absent: mail is not sent, and each try says so. */
  readonly mail?: MailSettings
  readonly lookup?: Lookup
  readonly nowMs?: () => number
  /** How long one try may take in all. */
  readonly timeoutMs?: number
}

/** One sender per kind of channel. */
export interface Senders extends Readonly<Record<ChannelKind, Sender>> {
  /** Ends what stays open between messages. */
  close(): void
}

/** The senders of every kind of channel, over one way of dialling. A new kind is a file and its line here. */
export function createSenders({ secretBox, mail, nowMs = Date.now, ...dialling }: SenderOptions): Senders {
  const tools: SendTools = { post: createPost(dialling), secrets: secretBox, nowMs }
  const email = createMailSender(tools, mail, dialling.timeoutMs)
  return {
    webhook: createWebhookSender(tools),
    wecom: createWecomSender(tools),
    dingtalk: createDingtalkSender(tools),
    feishu: createFeishuSender(tools),
    slack: createSlackSender(tools),
    email,
    alertmanager: createAlertmanagerSender(tools),
    close: () => email.close(),
  }
}
