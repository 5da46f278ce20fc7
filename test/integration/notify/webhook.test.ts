import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import type { Channel } from '../../../src/alerts/ports.ts'
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
        url: 'https://tollgate.example/api/me/limits',
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

  const send = (changed: Partial<Channel> = {}, { nowMs = Date.now(), timeoutMs = 10_000 } = {}) =>
    createSenders({ secretBox, nowMs: () => nowMs, timeoutMs }).webhook.send(
      localChannel('webhook', receiver.url, { secret: receiver.secret, ...changed }),
      composeMessage([levelEvent({ id: 'evt_7' })], { language: 'en' }),
    )

  test('keeps the id at every try, and signs each try anew', async () => {
    const earlier = receiver.alerts.length
    await send()
    await send({}, { nowMs: Date.now() + 60_000 })
    expect(receiver.alerts.slice(earlier).map(({ id }) => id)).toEqual(['evt_7', 'evt_7'])
    const [first, second] = receiver.received.slice(-2)
    expect(first?.headers['webhook-id']).toBe('evt_7')
    expect(second?.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp'])
    expect(second?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature'])
    expect(second?.text).toBe(first?.text)
  })

  test('signs with the former secret too until its end, so that a receiver changes when it likes', async () => {
    const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
    const untilMs = Date.now() + 60_000
    const rotated = { secret, formerSecret: receiver.secret, formerSecretUntilMs: untilMs }
    expect(await send(rotated)).toEqual({ kind: 'sent' })
    const header = String(receiver.received.at(-1)?.headers['webhook-signature'])
    expect(header).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/)
    const { text, headers } = receiver.received.at(-1) ?? { text: '', headers: {} }
    expect(new Webhook(secret).verify(text, headers as Record<string, string>)).toMatchObject({ id: 'evt_7' })
    expect(await send(rotated, { nowMs: untilMs })).toMatchObject({
      kind: 'again',
      why: 'The target answered 401: bad signature',
    })
  })

  test('is not taken with another secret, a changed body, or without a secret', async () => {
    const forged = receiver.forged.length
    expect((await send({ secret: `whsec_${Buffer.alloc(24, 1).toString('base64')}` })).kind).toBe('again')
    const { secret: _secret, ...unsigned } = localChannel('webhook', receiver.url, { secret: '' })
    expect((await senders.webhook.send(unsigned, composeMessage([levelEvent()], { language: 'en' }))).kind).toBe(
      'again',
    )
    const { text, headers } = receiver.received.findLast((one) => one.headers['webhook-id'] === 'evt_1') ?? {
      text: '',
      headers: {},
    }
    const changed = await fetch(receiver.url, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: text.replace('alice', 'bobby'),
    })
    expect(changed.status).toBe(401)
    expect(receiver.forged.length).toBe(forged + 3)
  })

  test.each([
    'whsec_',
    'whsec_short',
    'whsec_###',
    'not base64 at all',
    `whsec_${Buffer.alloc(65).toString('base64')}`,
  ])('sends nothing with %s for a secret, and says why', async (secret) => {
    const earlier = receiver.received.length
    expect(await send({ secret })).toEqual({
      kind: 'again',
      why: 'The secret is not whsec_ and 24 to 64 bytes in base64',
    })
    expect(receiver.received.length).toBe(earlier)
  })

  test('sends nothing when target or secret cannot be opened', async () => {
    const earlier = receiver.received.length
    const other = createSecretBox({ key: new Uint8Array(32).fill(1), environment: {}, prefix: 'TOLLGATE_CHANNEL_' })
    expect(await send({ target: other.seal(receiver.url) })).toMatchObject({
      kind: 'again',
      why: expect.stringMatching(/target cannot be opened/),
    })
    expect(await send({ secret: other.seal(receiver.secret) })).toMatchObject({
      kind: 'again',
      why: expect.stringMatching(/secret cannot be opened/),
    })
    expect(receiver.received.length).toBe(earlier)
    expect(await send({ target: secretBox.seal(receiver.url), secret: secretBox.seal(receiver.secret) })).toEqual({
      kind: 'sent',
    })
  })

  test.each([
    [{ status: 200, text: '<html>fine</html>' }, 'sent'],
    [{ status: 410 }, 'gone'],
    [{ status: 429, headers: { 'retry-after': '17' } }, 'slower'],
    [{ status: 413 }, 'refused'],
    [{ status: 302, headers: { location: 'http://169.254.169.254/' } }, 'refused'],
    [{ status: 404 }, 'again'],
    [{ status: 500, text: 'oops' }, 'again'],
    ['never', 'again'],
    // Its status says that it is taken, however slowly its body comes.
    ['drip', 'sent'],
    ['reset', 'again'],
    ['not-http', 'again'],
    ['endless', 'sent'],
  ] as const)('takes %j for %s', async (reply, kind) => {
    receiver.answerWith(reply)
    const result = await send({}, reply === 'never' || reply === 'drip' ? { timeoutMs: 250 } : {})
    receiver.answerWith({ status: 204 })
    expect(result.kind).toBe(kind)
    if (kind === 'slower') expect(result).toMatchObject({ retryAfterMs: 17_000 })
  })
})
