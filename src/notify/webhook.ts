import type { Sender } from '../alerts/ports.ts'
import { httpResult } from './http-result.ts'
import { openChannel, type SendTools } from './send-tools.ts'
import { readSigningKey, signedHeaders } from './webhook-signature.ts'

/**
 * Posts a message's documented body, signed by Standard Webhooks 1.0 with the channel's secret and, until its end, the former one. The id is the
 * message's at every try, so that a receiver knows it again; the timestamp is the try's.
 */
export function createWebhookSender(tools: SendTools): Sender {
  return {
    kind: 'webhook',
    send: async (channel, message) => {
      const opened = await openChannel(channel, tools)
      if (opened.kind !== 'opened') return opened
      const keys = opened.signingSecrets.map(readSigningKey)
      if (!keys.every((key) => key !== undefined))
        return { kind: 'again', why: 'The secret is not whsec_ and 24 to 64 bytes in base64' }
      const body = JSON.stringify(message.body)
      const headers = signedHeaders({ id: message.id, atMs: tools.nowMs(), body }, keys)
      const { isPrivateTarget } = channel
      const letter = { url: opened.target, body, headers, isPrivateTarget, isStatusEnough: true }
      return httpResult(await tools.post(letter), tools.nowMs())
    },
  }
}
