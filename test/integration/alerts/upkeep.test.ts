import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Sender } from '../../../src/alerts/ports.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'

let world: AlertWorld

beforeEach(async () => {
  world = await createAlertWorld()
  for (const id of ['works', 'fails', 'stopped', 'disabled'])
    await world.channel({ id, target: 'https://hooks.example.org/x', account: 'alice' })
  await world.events({ key: 'one', account: 'alice' })
  await world.outbox.route(10)
})

afterEach(() => world[Symbol.asyncDispose]())

async function age(interval: string): Promise<void> {
  await world.sql(`UPDATE tollgate.alert_delivery SET created_at = now() - $1::interval`, [interval])
}

test('giveUp() gives up what waited for a day on a channel that fails, is stopped or disabled, and nothing else', async () => {
  await world.outbox.rest('fails', { ms: 1, why: 'Nobody answers', isFailure: true })
  await world.outbox.stopChannel('stopped', 'It is gone')
  await world.sql(`UPDATE tollgate.alert_channel SET disabled = true WHERE id = 'disabled'`)
  // The process that had it died.
  await world.sql(`UPDATE tollgate.alert_delivery SET state = 'sending', held_until = now() WHERE channel = 'stopped'`)
  await age('23 hours')
  expect(await world.outbox.giveUp()).toEqual({ waiting: 4, givenUp: 0 })
  await age('25 hours')
  expect(await world.outbox.giveUp()).toEqual({ waiting: 1, givenUp: 3 })
  expect(await world.sql('SELECT channel, state, error FROM tollgate.alert_delivery ORDER BY channel')).toEqual([
    { channel: 'disabled', state: 'failed', error: 'The channel was disabled for a day' },
    { channel: 'fails', state: 'failed', error: 'Nobody answers' },
    { channel: 'stopped', state: 'failed', error: 'The channel was stopped for a day' },
    // Nobody has tried: it was us who were away.
    { channel: 'works', state: 'pending', error: null },
  ])
})

test('forget() forgets events of long ago with their deliveries, and none that still stands', async () => {
  await world.events(
    { key: 'over', account: 'alice' },
    { key: 'stands', type: 'policy_quarantined' },
    { key: 'ended', type: 'ledger_lag' },
    { key: 'young', account: 'alice' },
  )
  await world.sql(`UPDATE tollgate.alert_event SET at = now() - interval '91 days' WHERE key <> 'young'`)
  await world.sql(`UPDATE tollgate.alert_event SET reset_at = now() - interval '60 days' WHERE key IN ('one', 'over')`)
  await world.sql(`UPDATE tollgate.alert_event SET ended_at = now() WHERE key = 'ended'`)
  await world.outbox.forget()
  expect(await world.sql('SELECT key FROM tollgate.alert_event ORDER BY key')).toEqual([
    { key: 'stands' },
    { key: 'young' },
  ])
  expect(await world.sql('SELECT FROM tollgate.alert_delivery')).toHaveLength(0)
})

test.each(['token_networks', 'request_asked', 'request_decided', 'channel_stopped', 'test'] as const)(
  'forget() forgets %s, which is about no instant and ends by itself',
  async (type) => {
    await world.sql('DELETE FROM tollgate.alert_event')
    await world.events({ key: 'old', type, account: 'alice' }, { key: 'young', type, account: 'alice' })
    await world.sql(`UPDATE tollgate.alert_event SET at = now() - interval '91 days' WHERE key = 'old'`)
    expect(await world.outbox.forget()).toBe(1)
    expect(await world.sql('SELECT key FROM tollgate.alert_event')).toEqual([{ key: 'young' }])
  },
)

test('forget() keeps what is about an instant to come', async () => {
  await world.sql(
    `UPDATE tollgate.alert_event SET at = now() - interval '91 days', reset_at = now() + interval '1 day'`,
  )
  expect(await world.outbox.forget()).toBe(0)
})

test('forget() leaves events that somebody has locked, or a delivery of them, and forgets the rest without waiting', async () => {
  await world.events(
    { key: 'looked-at', account: 'bob' },
    { key: 'of-a-delivery', account: 'alice' },
    { key: 'free', account: 'bob' },
  )
  await world.outbox.route(10)
  await world.sql(
    `UPDATE tollgate.alert_event SET at = now() - interval '91 days', reset_at = now() - interval '60 days'`,
  )
  const left = async () =>
    (await world.sql<{ key: string }>('SELECT key FROM tollgate.alert_event ORDER BY key')).map(({ key }) => key)
  await lockWhile(
    `SELECT FROM tollgate.alert_event WHERE key = 'looked-at' FOR UPDATE;
     SELECT FROM tollgate.alert_delivery d JOIN tollgate.alert_event e ON e.id = d.event
      WHERE e.key = 'of-a-delivery' AND d.channel = 'works' FOR UPDATE OF d`,
    async () => {
      expect(await world.outbox.forget()).toBe(2)
      expect(await left()).toEqual(['looked-at', 'of-a-delivery'])
    },
  )
  expect(await world.outbox.forget()).toBe(2)
  expect(await left()).toEqual([])
})

test('giveUp() does not wait for a target whose pace somebody has locked', async () => {
  await world.sql(
    `INSERT INTO tollgate.alert_target_pace VALUES ('held', ARRAY[now() - interval '2 days']), ('old', ARRAY[now() - interval '2 days']),
       ('never', '{}'), ('young', ARRAY[now()])`,
  )
  await lockWhile(`SELECT FROM tollgate.alert_target_pace WHERE target = 'held' FOR UPDATE`, async () => {
    expect((await world.outbox.giveUp()).waiting).toBe(4)
  })
  expect(await world.sql('SELECT target FROM tollgate.alert_target_pace ORDER BY target')).toEqual([
    { target: 'held' },
    { target: 'young' },
  ])
})

test('what is new is told while upkeep hangs or fails', async () => {
  const told: string[] = []
  const hook: Sender = {
    kind: 'webhook',
    async send(_, message) {
      told.push(message.id)
      return { kind: 'sent' }
    },
  }
  const hangs = Promise.withResolvers<number>()
  await world.deliver({
    senders: { webhook: hook },
    outbox: (real) => ({
      ...real,
      forget: () => hangs.promise,
      giveUp: () => Promise.reject(new Error('It is locked')),
    }),
  })
  await world.deliveriesWhere(`state = 'sent'`, 4)
  hangs.resolve(0)
  await world.events({ key: 'new', account: 'alice' })
  await world.deliveriesWhere(`state = 'sent'`, 8)
  expect(told).toHaveLength(8)
})

/** Another transaction has these rows for so long. */
async function lockWhile(locks: string, work: () => Promise<void>): Promise<void> {
  const other = await world.pool.connect()
  try {
    await other.query(`BEGIN; ${locks}`)
    await work()
  } finally {
    await other.query('ROLLBACK')
    other.release()
  }
}
