import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Outbox, Sender, SendResult } from '../../../src/alerts/ports.ts'
import { createPostgresChannelBook } from '../../../src/postgres/channel-book.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'
import { startAnswering } from '../../support/receivers/answering.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../../support/receivers/webhook.ts'

let world: AlertWorld
let receiver: WebhookReceiver

beforeEach(async () => {
  world = await createAlertWorld()
  receiver = await startWebhookReceiver()
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
  await receiver.close()
})

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

function keys(count: number, account = 'alice') {
  return Array.from({ length: count }, (_, place) => ({ key: `${account}-${place}`, account }))
}

test('an event arrives at its channel, signed, with its id, and its row says sent', async () => {
  await world.channel({ id: 'hook', target: receiver.url, secret, account: 'alice' })
  await world.deliver()
  await world.events({ key: 'first', account: 'alice' })
  const [alert] = await receiver.alertsOf(1)
  const [row] = await world.deliveriesWhere(`state = 'sent'`, 1)
  expect(alert).toMatchObject({ type: 'level', user: 'alice', percent: 80 })
  expect(row).toMatchObject({ event: alert?.id, channel: 'hook', attempts: 1, error: null })
})

test('two deliverers on one outbox deliver each event once', async () => {
  await world.channel({ id: 'hook', target: receiver.url, secret, account: 'alice' })
  await world.channel({ id: 'vision', target: receiver.url, secret, project: 'vision' })
  await Promise.all([world.deliver(), world.deliver()])
  await world.events(...keys(150))
  await world.events(...keys(150).map((event) => ({ ...event, key: `${event.key}-more` })))
  await world.deliveriesWhere(`state = 'sent'`, 600)
  expect(receiver.alerts).toHaveLength(600)
  expect(new Set(receiver.alerts.map(({ id }) => id)).size).toBe(300)
})

test('dead endpoints delay no other, however many wait for them', async () => {
  const hanging = await startAnswering(() => 'never')
  for (let place = 0; place < 12; place += 1) {
    await world.channel({ id: `hangs-${place}`, target: hanging.url, account: 'alice' })
    await world.channel({ id: `refuses-${place}`, target: 'http://127.0.0.1:1/', account: 'alice' })
  }
  await world.channel({ id: 'lives', target: receiver.url, secret, account: 'alice' })
  await world.deliver({ settings: { quickLanesMax: 4, lanesMax: 64, failingLanesMax: 2, quickMs: 100 } })
  await world.events(...keys(40))
  await world.deliveriesWhere(`channel = 'lives' AND state = 'sent'`, 40)
  const dead = await world.sql(
    `SELECT FROM tollgate.alert_delivery WHERE channel <> 'lives' AND state IN ('sent', 'failed')`,
  )
  expect(dead).toHaveLength(0)
  await hanging.close()
})

test('channels that failed before have few places of their own, however many are due', async () => {
  const hanging = await startAnswering(() => 'never')
  for (let place = 0; place < 8; place += 1) {
    await world.channel({ id: `hangs-${place}`, target: hanging.url, project: 'vision' })
    await world.sql(`INSERT INTO tollgate.alert_channel_state (channel, failures) VALUES ($1, 3)`, [`hangs-${place}`])
  }
  await world.channel({ id: 'lives', target: receiver.url, secret, account: 'alice' })
  await world.events({ key: 'of-all', project: 'vision' })
  await world.outbox.route(1)
  await world.deliver({ settings: { quickLanesMax: 2, quickMs: 60_000, failingLanesMax: 2 } })
  await hanging.countOf(2)
  await world.events({ key: 'hers', account: 'alice' })
  await world.deliveriesWhere(`channel = 'lives' AND state = 'sent'`, 1)
  expect(hanging.received).toHaveLength(2)
  await hanging.close()
})

test('410 stops the channel, says so to who else hears of its owner, and nothing more is tried until it is resumed', async () => {
  receiver.answerWith({ status: 410 })
  const project = await startWebhookReceiver()
  await world.channel({ id: 'gone', target: receiver.url, secret, account: 'alice' })
  await world.channel({ id: 'vision', target: project.url, secret, project: 'vision', types: ['channel_stopped'] })
  await world.deliver()
  await world.events({ key: 'first', account: 'alice' })
  const [told] = await project.alertsOf(1)
  expect(told).toMatchObject({ type: 'channel_stopped', data: { channel: 'gone' } })
  await world.events({ key: 'second', account: 'alice' })
  await expect.poll(() => world.sql('SELECT FROM tollgate.alert_event WHERE routed_at IS NULL')).toHaveLength(0)
  expect(await world.deliveriesWhere(`channel = 'gone'`, 1)).toMatchObject([{ state: 'failed', attempts: 1 }])
  expect(receiver.alerts).toHaveLength(1)
  receiver.answerWith({ status: 204 })
  await createPostgresChannelBook(world.pool).resume('gone')
  await world.events({ key: 'third', account: 'alice' })
  expect(await world.deliveriesWhere(`channel = 'gone' AND state = 'sent'`, 1)).toHaveLength(1)
  await project.close()
})

test('a message that its target refuses is given up at once and keeps nothing else from it', async () => {
  await world.channel({ id: 'robot', kind: 'slack', target: receiver.url, account: 'alice' })
  let sends = 0
  const send = async (): Promise<SendResult> => {
    sends += 1
    return sends === 2 ? { kind: 'refused', why: 'It says no' } : { kind: 'sent' }
  }
  await world.deliver({ senders: { slack: { kind: 'slack', send } } })
  await world.events(...keys(3))
  expect(await world.deliveriesWhere(`state = 'failed'`, 1)).toMatchObject([{ attempts: 1, error: 'It says no' }])
  await world.deliveriesWhere(`state = 'sent'`, 2)
  expect(sends).toBe(3)
})

test('what a target cannot take now is tried again with the same id, and the channel rests meanwhile', async () => {
  receiver.answerWith((_, earlier) => (earlier < 2 ? { status: 503 } : { status: 204 }))
  await world.channel({ id: 'hook', target: receiver.url, secret, account: 'alice' })
  await world.deliver({ random: () => 0 })
  await world.events({ key: 'first', account: 'alice' })
  const [row] = await world.deliveriesWhere(`state = 'sent'`, 1)
  expect(row?.attempts).toBe(3)
  expect(new Set(receiver.alerts.map(({ id }) => id))).toEqual(new Set([row?.event]))
  expect(await world.sql('SELECT failures, rests_until FROM tollgate.alert_channel_state')).toEqual([
    { failures: 0, rests_until: null },
  ])
})

test('a target that asks for time gets it, and that is no attempt', async () => {
  receiver.answerWith({ status: 429, headers: { 'retry-after': '120' } })
  await world.channel({ id: 'hook', target: receiver.url, secret, account: 'alice' })
  await world.deliver()
  await world.events({ key: 'first', account: 'alice' })
  const [row] = await world.deliveriesWhere(`state = 'pending' AND error IS NOT NULL`, 1)
  expect(row).toMatchObject({ attempts: 0 })
  expect(row?.next_in_ms).toBeGreaterThan(100_000)
})

test('stop() waits for what is under way, gives back what is not, and another goes on at once', async () => {
  const [sending, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<SendResult>()]
  const send = (): Promise<SendResult> => {
    sending.resolve()
    return answer.promise
  }
  await world.channel({ id: 'robot', kind: 'slack', target: receiver.url, account: 'alice' })
  const first = await world.deliver({ senders: { slack: { kind: 'slack', send } }, settings: { parallelMax: 1 } })
  await world.events(...keys(5))
  await sending.promise
  const stopped = first.stop()
  answer.resolve({ kind: 'sent' })
  await stopped
  const states = await world.sql(
    'SELECT state, count(*)::int AS count FROM tollgate.alert_delivery GROUP BY state ORDER BY state',
  )
  expect(states).toEqual([
    { state: 'pending', count: 4 },
    { state: 'sent', count: 1 },
  ])
  await world.deliver({ senders: { slack: { kind: 'slack', send: async () => ({ kind: 'sent' }) } } })
  await world.deliveriesWhere(`state = 'sent'`, 5)
})

test('times are in the zone of the channel, else of whom it belongs to, else of whom it is about', async () => {
  await world.sql(`UPDATE tollgate.account SET time_zone = 'Asia/Shanghai' WHERE id = 'alice'`)
  await world.sql(`UPDATE tollgate.account SET time_zone = 'Europe/Paris' WHERE id = 'lena'`)
  await world.channel({ id: 'own', kind: 'slack', target: receiver.url, project: 'vision', time_zone: 'America/Lima' })
  await world.channel({ id: 'of-lena', kind: 'slack', target: receiver.url, account: 'lena' })
  await world.channel({ id: 'of-all', kind: 'slack', target: receiver.url })
  const zones: Record<string, string | undefined> = {}
  const send: Sender['send'] = async ({ id, timeZone }) => {
    zones[id] = timeZone
    return { kind: 'sent' }
  }
  await world.deliver({ senders: { slack: { kind: 'slack', send } } })
  await world.events({ key: 'one', type: 'request_decided', account: 'alice', data: { askedBy: 'lena' } })
  await world.deliveriesWhere(`state = 'sent'`, 3)
  expect(zones).toEqual({ own: 'America/Lima', 'of-lena': 'Europe/Paris', 'of-all': 'Asia/Shanghai' })
})

test('while nothing happens one question is asked at a time, and beside it upkeep once a minute', async () => {
  const asked: string[] = []
  const enough = Promise.withResolvers<void>()
  const counted = (real: Outbox): Outbox =>
    new Proxy(real, {
      get(target, name: keyof Outbox) {
        asked.push(name)
        if (asked.filter((one) => one === 'due').length === 12 && asked.includes('giveUp')) enough.resolve()
        return Reflect.get(target, name)
      },
    })
  await world.deliver({ outbox: counted })
  await enough.promise
  expect(asked.filter((one) => one !== 'due')).toEqual(['forget', 'giveUp'])
})
