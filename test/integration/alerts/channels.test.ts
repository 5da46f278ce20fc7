import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createChannelTools } from '../../../src/compose/channel-tools.ts'
import type { ChannelTools } from '../../../src/manage/channel-ports.ts'
import { listChannels, readChannel, removeChannel, resumeChannel } from '../../../src/manage/channels.ts'
import { listDeliveries, readEvents, resendDelivery } from '../../../src/manage/deliveries.ts'
import { setChannel } from '../../../src/manage/set-channel.ts'
import { testChannel } from '../../../src/manage/test-channel.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { readSettings } from '../../../src/settings.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'
import { startWebhookReceiver } from '../../support/receivers/webhook.ts'

const operator: Actor = { kind: 'operator' }
const alice: Actor = { kind: 'account', id: 'alice', role: 'member', project: 'vision' }
const bob: Actor = { kind: 'account', id: 'bob', role: 'member', project: 'crm' }
const lena: Actor = { kind: 'account', id: 'lena', role: 'lead', project: 'vision' }
const ada: Actor = { kind: 'account', id: 'ada', role: 'admin', project: 'crm' }

let world: AlertWorld
let tools: ChannelTools

beforeAll(async () => {
  world = await createAlertWorld()
  const settings = readSettings({ TOLLGATE_KEY: '00'.repeat(32) })
  tools = createChannelTools({ settings, pool: world.pool })
})

afterAll(() => world[Symbol.asyncDispose]())
beforeEach(() =>
  world.sql('DELETE FROM tollgate.alert_channel; DELETE FROM tollgate.alert_event').catch(() => undefined),
)

const hook = { kind: 'webhook', target: 'https://hooks.example.org/services/T0/secret-a1b2' } as const

test('setChannel() gives a webhook a secret, shows it once, and keeps neither it nor the target in plain text', async () => {
  const { channel, secret = '', isNew } = await setChannel(tools, { actor: alice, change: hook })
  expect(isNew).toBe(true)
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(channel).toMatchObject({
    owner: { kind: 'account', id: 'alice' },
    targetHint: 'hooks.example.org/…a1b2',
    hasSecret: true,
  })
  const [row] = await world.sql<{ target: string; secret: string }>('SELECT target, secret FROM tollgate.alert_channel')
  expect(row?.target).toMatch(/^sealed:/)
  expect(row?.secret).toMatch(/^sealed:/)
  expect(JSON.stringify(await listChannels(tools, { actor: alice }))).not.toMatch(/whsec|services|sealed/)
})

test.each([
  ['the domain of the sender', { from: 'Gate <gate@Example.org>', good: 'al@example.org', bad: 'al@example.com' }],
  [
    'the domains that are named',
    { from: 'g@a.example', named: 'example.org, B.example', good: 'al@b.EXAMPLE', bad: 'al@a.example' },
  ],
  ['no domain below one', { named: 'example.org', good: 'al@example.org', bad: 'al@lab.example.org' }],
  ['no address where no domain is known', { bad: 'al@example.org' }],
])('setChannel() lets people have mail sent to %s, and administrators to any', async (_, given) => {
  const { from, named, good, bad } = { from: undefined, named: undefined, good: undefined, ...given }
  const here = createChannelTools({
    settings: readSettings({
      TOLLGATE_KEY: '00'.repeat(32),
      TOLLGATE_MAIL_FROM: from,
      TOLLGATE_MAIL_DOMAINS: named,
    }),
    pool: world.pool,
  })
  const to = (actor: Actor, target: string, owner = { kind: 'account', id: 'alice' } as const) =>
    setChannel(here, { actor, owner, change: { kind: 'email', target } })
  if (good !== undefined) {
    const { channel } = await to(alice, good)
    const moved = setChannel(here, { actor: alice, id: channel.id, change: { target: bad } })
    await expect(moved).rejects.toMatchObject({ code: 'not_valid' })
  }
  const message = expect.stringMatching(good === undefined ? /TOLLGATE_MAIL_DOMAINS/ : /^Mail goes to addresses at /)
  await expect(to(alice, bad)).rejects.toMatchObject({ code: 'not_valid', message })
  const project = { kind: 'project', id: 'vision' } as const
  const lead = setChannel(here, { actor: lena, owner: project, change: { kind: 'email', target: bad } })
  await expect(lead).rejects.toMatchObject({ code: 'not_valid' })
  for (const actor of [ada, operator]) expect((await to(actor, bad)).isNew).toBe(true)
})

test('setChannel() rotates a secret and lets the former count for 24 hours', async () => {
  const { channel } = await setChannel(tools, { actor: alice, change: hook })
  const before = await world.sql<{ secret: string }>('SELECT secret FROM tollgate.alert_channel')
  const { secret } = await setChannel(tools, { actor: alice, id: channel.id, change: { secret: { rotate: true } } })
  const [row] = await world.sql<{ former_secret: string; hours: number }>(
    'SELECT former_secret, extract(epoch FROM former_secret_until - now())::float8 / 3600 AS hours FROM tollgate.alert_channel',
  )
  expect(secret).toMatch(/^whsec_/)
  expect(row?.former_secret).toBe(before[0]?.secret)
  expect(row?.hours).toBeCloseTo(24, 1)
})

test('setChannel() changes what is named and nothing else', async () => {
  const { channel } = await setChannel(tools, {
    actor: alice,
    change: { ...hook, types: ['level'], timeZone: 'Asia/Shanghai' },
  })
  const kept = await world.sql('SELECT target, secret FROM tollgate.alert_channel')
  const { channel: changed, secret } = await setChannel(tools, {
    actor: alice,
    id: channel.id,
    change: { language: 'zh', timeZone: null, percentMin: 95 },
  })
  expect(secret).toBeUndefined()
  expect(changed).toMatchObject({ language: 'zh', percentMin: 95, types: ['level'] })
  expect(changed.timeZone).toBeUndefined()
  expect(await world.sql('SELECT target, secret FROM tollgate.alert_channel')).toEqual(kept)
})

test('the audit names who set a channel, and shows its secrets by digest only', async () => {
  await setChannel(tools, { actor: alice, change: hook })
  const rows = await world.sql<{ by: string; new: Record<string, string> }>(
    `SELECT by, new FROM tollgate.policy_change WHERE table_name = 'alert_channel' ORDER BY id DESC LIMIT 1`,
  )
  expect(rows[0]).toMatchObject({
    by: 'alice',
    new: { secret: expect.stringMatching(/^sha256:/), target: expect.stringMatching(/^sha256:/) },
  })
})

test.each([
  ['plain http', { ...hook, target: 'http://hooks.example.org/x' }],
  ['a loopback address', { ...hook, target: 'https://127.0.0.1/x' }],
  ['a private address', { ...hook, target: 'https://10.1.2.3:8443/x' }],
  ['the metadata service', { ...hook, target: 'https://169.254.169.254/latest' }],
  ['an IPv6 loopback address', { ...hook, target: 'https://[::1]/x' }],
  ['a private address inside IPv6', { ...hook, target: 'https://[::ffff:10.0.0.1]/x' }],
  ['a decimal address', { ...hook, target: 'https://2130706433/x' }],
  ['localhost', { ...hook, target: 'https://localhost/x' }],
  ['a password in the address', { ...hook, target: 'https://me:secret@example.org/x' }],
  ['another protocol', { ...hook, target: 'file:///etc/passwd' }],
  ['no address', { ...hook, target: 'hooks' }],
  ['two mailboxes', { kind: 'email', target: 'a@example.org,b@example.org' }],
  ['a variable', { ...hook, target: 'env:TOLLGATE_CHANNEL_X' }],
  ['a port of another service', { ...hook, target: 'https://hooks.example.org:25/x' }],
  ['a file', { ...hook, target: 'file:/etc/passwd' }],
  ['a secret in a variable', { ...hook, secret: 'env:TOLLGATE_CHANNEL_X' }],
  ['a sealed secret of somebody else', { ...hook, secret: 'sealed:v1:abc' }],
  ['a private target', { ...hook, isPrivateTarget: true }],
  ['a secret that is none of Standard Webhooks', { ...hook, secret: 'hunter2' }],
  ['a webhook without signature', { ...hook, secret: null }],
  ['an unknown time zone', { ...hook, timeZone: 'Mars/Olympus' }],
] as const)('setChannel() refuses a person %s', async (_, change) => {
  await expect(setChannel(tools, { actor: alice, change })).rejects.toMatchObject({ code: 'not_valid' })
  expect(await world.sql('SELECT FROM tollgate.alert_channel')).toHaveLength(0)
})

test('an administrator may name private targets, the operator also variables', async () => {
  const change = { ...hook, target: 'http://10.1.2.3/x', isPrivateTarget: true }
  await setChannel(tools, { actor: ada, owner: { kind: 'installation' }, id: 'ops', change })
  const referring = { ...change, secret: 'env:TOLLGATE_CHANNEL_X' }
  await setChannel(tools, { actor: operator, owner: { kind: 'installation' }, id: 'theirs', change: referring })
  expect(await world.sql('SELECT secret FROM tollgate.alert_channel ORDER BY id')).toEqual([
    { secret: expect.stringMatching(/^sealed:/) },
    { secret: 'env:TOLLGATE_CHANNEL_X' },
  ])
})

test('a person changes the address of a channel that an administrator let into a private network: it is let in no more', async () => {
  const owner = { kind: 'account', id: 'alice' } as const
  const inside = { ...hook, target: 'http://10.1.2.3/x', isPrivateTarget: true }
  await setChannel(tools, { actor: ada, owner, id: 'hers', change: inside })
  const wish = { actor: alice, id: 'hers', change: { target: 'http://10.9.9.9/x' } }
  await expect(setChannel(tools, wish)).rejects.toMatchObject({ code: 'not_valid' })
  const { channel } = await setChannel(tools, { actor: alice, id: 'hers', change: { target: 'https://example.org/x' } })
  expect(channel.isPrivateTarget).toBe(false)
})

test('a foreign channel is none, and a lead is not let into what the people of the project have of their own', async () => {
  const { channel } = await setChannel(tools, { actor: alice, change: hook })
  for (const actor of [bob, lena]) {
    const wish = { actor, id: channel.id }
    for (const attempt of [
      () => readChannel(tools, wish),
      () => removeChannel(tools, wish),
      () => resumeChannel(tools, wish),
      () => testChannel(tools, wish),
      () => setChannel(tools, { ...wish, change: { note: 'mine' } }),
      () => listDeliveries(tools, { actor, channel: channel.id }),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'not_found' })
  }
  expect(await readChannel(tools, { actor: ada, id: channel.id })).toMatchObject({ id: channel.id })
})

test('a lead sets the channels of the own project and of no other; a member of neither', async () => {
  const vision = { kind: 'project', id: 'vision' } as const
  const { channel } = await setChannel(tools, { actor: lena, owner: vision, change: hook })
  expect(await listChannels(tools, { actor: lena, owner: vision })).toMatchObject({ rows: [{ id: channel.id }] })
  const crm = { kind: 'project', id: 'crm' } as const
  await expect(setChannel(tools, { actor: lena, owner: crm, change: hook })).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(setChannel(tools, { actor: alice, owner: vision, change: hook })).rejects.toMatchObject({
    code: 'forbidden',
  })
  const nobody = { kind: 'installation' } as const
  await expect(setChannel(tools, { actor: lena, owner: nobody, change: hook })).rejects.toMatchObject({
    code: 'forbidden',
  })
})

test('an owner has at most 10 channels, also when they are added at the same time', async () => {
  const adding = Array.from({ length: 14 }, () => setChannel(tools, { actor: alice, change: hook }))
  const answers = await Promise.allSettled(adding)
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  const refused = answers.filter((answer) => answer.status === 'rejected')
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'conflict' })
})

test('testChannel() says that the target took the message, and that nobody delivers when nobody does', async () => {
  const receiver = await startWebhookReceiver()
  const change = { ...hook, target: receiver.url, secret: receiver.secret, isPrivateTarget: true }
  const { channel } = await setChannel(tools, { actor: operator, change })
  const wish = { actor: operator, id: channel.id }
  const silent = await testChannel(tools, { ...wish, waitMs: 200 })
  expect(silent.delivery).toBeUndefined()
  await using _ = await world.deliver()
  const { event, delivery } = await testChannel(tools, wish)
  expect(delivery).toMatchObject({ state: 'sent', channel: channel.id, event: { id: event, type: 'test' } })
  await receiver.close()
})

test('resendDelivery() sends what was given up once more, with the same event id, and only once', async () => {
  const receiver = await startWebhookReceiver()
  const owner = { kind: 'account', id: 'alice' } as const
  const change = { ...hook, target: receiver.url, secret: receiver.secret, isPrivateTarget: true }
  await setChannel(tools, { actor: operator, owner, id: 'hers', change })
  await world.events({ key: 'first', account: 'alice' })
  await world.outbox.route(1)
  await expect(resendDelivery(tools, { actor: alice, id: '999999' })).rejects.toMatchObject({ code: 'not_found' })
  const [waiting] = await world.deliveriesWhere(`state = 'pending'`, 1)
  const id = waiting?.id ?? ''
  await expect(resendDelivery(tools, { actor: alice, id })).rejects.toMatchObject({ code: 'conflict' })
  await world.sql(`UPDATE tollgate.alert_delivery SET state = 'failed'`)
  await expect(resendDelivery(tools, { actor: bob, id })).rejects.toMatchObject({ code: 'not_found' })
  const again = await Promise.allSettled([1, 2, 3].map(() => resendDelivery(tools, { actor: alice, id })))
  expect(again.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await using _ = await world.deliver()
  const [alert] = await receiver.alertsOf(1)
  await world.deliveriesWhere(`state = 'sent'`, 1)
  expect(alert?.id).toBe(waiting?.event)
  const { rows } = await listDeliveries(tools, { actor: alice })
  expect(rows.map(({ state }) => state).toSorted()).toEqual(['resent', 'sent'])
  await receiver.close()
})

test('lists go on where a page ended, and miss and repeat nothing', async () => {
  await setChannel(tools, { actor: alice, id: 'hers', change: hook })
  await world.events(
    ...Array.from({ length: 25 }, (_, place) => ({ key: `k${place}`, account: 'alice', project: 'vision' })),
  )
  await world.outbox.route(100)
  const events: string[] = []
  const deliveries: string[] = []
  for (let after: string | undefined, page = 0; page === 0 || after !== undefined; page += 1) {
    const { rows, next } = await readEvents(tools, {
      actor: lena,
      owner: { kind: 'project', id: 'vision' },
      after,
      countMax: 10,
    })
    events.push(...rows.map(({ id }) => id))
    after = next
  }
  for (let after: string | undefined, page = 0; page === 0 || after !== undefined; page += 1) {
    const { rows, next } = await listDeliveries(tools, { actor: alice, state: 'pending', after, countMax: 10 })
    deliveries.push(...rows.map(({ id }) => id))
    after = next
  }
  expect(new Set(events).size).toBe(25)
  expect(deliveries.map(Number)).toEqual(deliveries.map(Number).toSorted((left, right) => right - left))
  expect(new Set(deliveries).size).toBe(25)
})

test('a lead reads what concerns the people of the project, and nothing of another', async () => {
  await world.events(
    { key: 'hers', account: 'alice', project: 'vision' },
    { key: 'his', account: 'bob', project: 'crm' },
  )
  const { rows } = await readEvents(tools, { actor: lena, owner: { kind: 'account', id: 'alice' } })
  expect(rows.map(({ key }) => key)).toEqual(['hers'])
  for (const owner of [
    { kind: 'account', id: 'bob' },
    { kind: 'project', id: 'crm' },
  ] as const)
    await expect(readEvents(tools, { actor: lena, owner })).rejects.toMatchObject({ code: 'not_found' })
  expect((await readEvents(tools, { actor: ada })).rows).toHaveLength(2)
})
