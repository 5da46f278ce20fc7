import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Message, Sender } from '../../../src/alerts/ports.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'
import { testSecretBox } from '../../support/start-deliverer.ts'

let world: AlertWorld
let messages: Message[]
let robot: Sender

beforeEach(async () => {
  world = await createAlertWorld()
  messages = []
  robot = {
    kind: 'wecom',
    perMinuteMax: 5,
    async send(_, message) {
      messages.push(message)
      return { kind: 'sent' }
    },
  }
})

afterEach(() => world[Symbol.asyncDispose]())

const target = 'https://robot.example.org/key'

function events(count: number, name: string) {
  return Array.from({ length: count }, (_, place) => ({ key: `${name}-${place}`, account: 'alice' }))
}

test('what is above the messages a robot takes in a minute is told in one digest, and its rows name the one that told them', async () => {
  await world.channel({ id: 'robot', kind: 'wecom', target, account: 'alice' })
  await world.deliver({ senders: { wecom: robot } })
  await world.events(...events(3, 'few'))
  await world.deliveriesWhere(`state = 'sent'`, 3)
  expect(messages.map((message) => message.events.length)).toEqual([1, 1, 1])
  await world.events(...events(30, 'many'))
  const rows = await world.deliveriesWhere(`state = 'sent'`, 33)
  expect(messages.map((message) => message.events.length)).toEqual([1, 1, 1, 30])
  const [oldest] = rows.filter(({ event }) => event === messages[3]?.id)
  const told = rows.slice(3).filter(({ id }) => id !== oldest?.id)
  expect(new Set(told.map(({ sent_with: by }) => by))).toEqual(new Set([oldest?.id]))
  expect(oldest?.sent_with).toBeNull()
})

test('when a robot takes no more this minute its channel rests, and what waits goes when the minute is over', async () => {
  await world.channel({ id: 'robot', kind: 'wecom', target, account: 'alice' })
  await world.sql(`INSERT INTO tollgate.alert_target_pace SELECT $1, array_fill(now(), ARRAY[5])`, [
    await testSecretBox.markOf(target),
  ])
  await world.deliver({ senders: { wecom: robot } })
  await world.events(...events(8, 'late'))
  await expect
    .poll(() => world.sql(`SELECT FROM tollgate.alert_channel_state WHERE rests_until > now() + interval '50 seconds'`))
    .toHaveLength(1)
  expect(messages).toHaveLength(0)
  await world.sql(`UPDATE tollgate.alert_target_pace SET used_at = array_fill(now() - interval '61 seconds', ARRAY[5])`)
  await world.sql('UPDATE tollgate.alert_channel_state SET rests_until = now()')
  await world.deliveriesWhere(`state = 'sent'`, 8)
  expect(messages.map((message) => message.events.length)).toEqual([8])
})

test.each([
  ['plain', target, target],
  ['sealed', testSecretBox.seal(target), testSecretBox.seal(target)],
  ['plain and sealed', target, testSecretBox.seal(target)],
])(
  'two channels to one robot, their targets %s, and two processes together stay within what it takes',
  async (_, one, other) => {
    await world.channel({ id: 'robot', kind: 'wecom', target: one, account: 'alice' })
    await world.channel({ id: 'same', kind: 'wecom', target: other, project: 'vision' })
    await Promise.all([world.deliver({ senders: { wecom: robot } }), world.deliver({ senders: { wecom: robot } })])
    for (let round = 0; round < 6; round += 1) {
      await world.events(...events(4, `round-${round}`))
      await expect.poll(() => world.outbox.route(100)).toBe(0)
    }
    await expect
      .poll(() => world.sql(`SELECT FROM tollgate.alert_channel_state WHERE rests_until > now()`), { timeout: 10_000 })
      .toHaveLength(2)
    expect(messages.length).toBeLessThanOrEqual(5)
  },
)

test('what is held together falls due together, so that a digest nobody finished is taken again whole', async () => {
  await world.channel({ id: 'robot', kind: 'wecom', target, account: 'alice' })
  await world.events(...events(100, 'many'))
  await world.outbox.route(100)
  const take = { by: 'one', countMax: 20, holdMs: 60_000, perMinuteMax: 5, digestMax: 100 }
  const held = await world.outbox.hold('robot', take)
  expect(held).toMatchObject({ isDigest: true, deliveries: { length: 100 } })
  const ends = await world.sql('SELECT DISTINCT held_until, next_at FROM tollgate.alert_delivery')
  expect(ends).toHaveLength(1)
})

test('a digest that its target cannot take is tried again whole', async () => {
  await world.channel({ id: 'robot', kind: 'wecom', target, account: 'alice' })
  let sends = 0
  const send: Sender['send'] = async (_, message) => {
    messages.push(message)
    sends += 1
    return sends === 1 ? { kind: 'again', why: 'It is busy' } : { kind: 'sent' }
  }
  await world.deliver({ senders: { wecom: { ...robot, send } }, random: () => 0 })
  await world.events(...events(12, 'many'))
  const rows = await world.deliveriesWhere(`state = 'sent'`, 12)
  expect(messages.map((message) => message.events.length)).toEqual([12, 12])
  expect(messages[1]?.id).toBe(messages[0]?.id)
  expect(new Set(rows.map(({ attempts }) => attempts))).toEqual(new Set([2]))
})
