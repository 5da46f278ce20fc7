import { type Robot, startRobot } from './robot.ts'

const path = '/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX'

interface Block {
  readonly text?: { readonly text: string }
}

/** An incoming webhook of Slack as https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks has it: it answers in plain words. */
export function startSlack(): Promise<Robot> {
  return startRobot({
    path,
    perMinuteMax: 60,
    tooMany: { code: 429, text: 'rate_limited' },
    unread: { code: 400, text: 'invalid_payload' },
    judge: (body, received) => {
      if (received.path !== path) return { code: 404, text: 'no_service' }
      if (typeof body['text'] !== 'string' || body['text'] === '') return { code: 400, text: 'no_text' }
      const blocks = (body['blocks'] ?? []) as readonly Block[]
      const isFit = blocks.length <= 50 && blocks.every(({ text }) => (text?.text.length ?? 1) <= 3_000)
      return isFit ? { code: 0, text: 'ok' } : { code: 400, text: 'invalid_blocks' }
    },
    reply: ({ code, text }) => ({
      status: code === 0 ? 200 : code,
      headers: { 'content-type': 'text/html', ...(code === 429 && { 'retry-after': '30' }) },
      text,
    }),
  })
}
