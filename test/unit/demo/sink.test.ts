import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { startSink } from '../../../demo/sink.ts'

const alert = { type: 'level', user: 'alice', used_tokens: 80, total_quota: 100, percent: 80 }

async function post(url: string, secret: string, { body = JSON.stringify(alert), at = new Date() } = {}) {
  const signature = new Webhook(secret).sign('evt_1', at, JSON.stringify(alert))
  const time = String(Math.floor(at.getTime() / 1_000))
  const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': time, 'webhook-signature': `v1,AAAA ${signature}` }
  return (await fetch(url, { method: 'POST', body, headers })).status
}

test('startSink() takes what is signed with its secret, and nothing else', async () => {
  const sink = await startSink()
  onTestFinished(() => sink.stop())
  expect(await post(sink.url, `whsec_${Buffer.alloc(24).toString('base64')}`)).toBe(401)
  expect(await post(sink.url, sink.secret, { body: JSON.stringify({ ...alert, percent: 1 }) })).toBe(401)
  expect(await post(sink.url, sink.secret, { at: new Date(Date.now() - 3_600_000) })).toBe(401)
  expect((await fetch(sink.url, { method: 'POST', body: '{}' })).status).toBe(401)
  const arrival = sink.arrived(({ percent }) => percent === 80)
  expect(await post(sink.url, sink.secret)).toBe(204)
  expect((await arrival).alert).toEqual(alert)
})
