import { Webhook } from 'standardwebhooks'
import { type AnsweringServer, type Received, type Reply, startAnswering } from './answering.ts'

/** What a webhook's body is known to hold; see docs/guides/alerts.md. */
export interface WebhookAlert {
  readonly type: string
  readonly id: string
  readonly user: string | null
  readonly used_tokens: number | null
  readonly total_quota: number | null
  readonly percent: number | null
  readonly level: string
  readonly limit: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

export interface WebhookReceiver extends AnsweringServer {
  /** The secret its signatures are verified with: `whsec_…`. */
  readonly secret: string
  /** From now on requests are answered so, after they were verified. */
  answerWith(reply: Reply | ((received: Received, earlier: number) => Reply)): void
  /** Verified bodies, in order; those that do not verify are answered 401 and are not among them. */
  readonly alerts: readonly WebhookAlert[]
  readonly forged: readonly Received[]
  /** Waits until so many verified bodies have come; at most 10 s. */
  alertsOf(count: number): Promise<readonly WebhookAlert[]>
}

/** A local receiver that verifies each request by the official library of Standard Webhooks, and answers 204 unless told otherwise. */
export async function startWebhookReceiver({
  secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  ...listen
}: {
  readonly secret?: string
  readonly host?: string
  readonly port?: number
} = {}): Promise<WebhookReceiver> {
  const webhook = new Webhook(secret)
  const alerts: WebhookAlert[] = []
  const forged: Received[] = []
  let next: Reply | ((received: Received, earlier: number) => Reply) = { status: 204 }
  const server = await startAnswering((received) => {
    try {
      alerts.push(webhook.verify(received.text, received.headers as Record<string, string>) as WebhookAlert)
    } catch {
      forged.push(received)
      return { status: 401, text: 'bad signature' }
    }
    return typeof next === 'function' ? next(received, alerts.length - 1) : next
  }, listen)
  return {
    ...server,
    url: `${server.url}/hook`,
    secret,
    alerts,
    forged,
    answerWith: (reply) => {
      next = reply
    },
    alertsOf: async (count) => {
      for (let asked = count; alerts.length < count; asked += 1) await server.countOf(asked)
      return alerts
    },
  }
}
