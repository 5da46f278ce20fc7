import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import { createSenders } from '../../../src/notify/create-senders.ts'
import { createSecretBox } from '../../../src/notify/secret-box.ts'
import { levelEvent, localChannel } from '../../support/receivers/alert-events.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../../support/receivers/webhook.ts'

const secretBox = createSecretBox({ key: new Uint8Array(32), environment: {}, prefix: 'TOLLGATE_CHANNEL_' })
const senders = createSenders({ secretBox })
let receiver: WebhookReceiver

beforeAll(async () => {
  receiver = await startWebhookReceiver()
})
afterAll(async () => {
  senders.close()
  await receiver.close()
})

describe('the webhook sender', () => {
  test('posts the documented body, signed so that the official library verifies it', async () => {
    const message = composeMessage([levelEvent()], { language: 'en', publicUrl: 'https://tollgate.example' })
    const channel = localChannel('webhook', receiver.url, { secret: receiver.secret })
    expect(await senders.webhook.send(channel, message)).toEqual({ kind: 'sent' })
    expect(receiver.alerts).toEqual([
      {
        type: 'level',
        id: 'evt_1',
        timestamp: '2026-11-22T09:30:00Z',
        level: 'warning',
        user: 'alice',
        used_tokens: 801,
        total_quota: 1000,
        percent: 80,
        limit: 'daily',
        project: 'vision',
        department: 'research',
        window_start: '2026-11-21T16:00:00Z',
        reset_at: '2026-11-22T16:00:00Z',
        url: 'https://tollgate.example/api/me',
        data: {
          subject_kind: 'account',
          subject_id: 'alice',
          surface: 'pypi',
          counts: 'credits',
          window: 'day',
          time_zone: 'Asia/Shanghai',
        },
      },
    ])
  })
})
