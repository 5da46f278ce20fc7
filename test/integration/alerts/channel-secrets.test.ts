import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createChannelTools } from '../../../src/compose/channel-tools.ts'
import type { ChannelKindWord, ChannelTools } from '../../../src/manage/channel-ports.ts'
import { setChannel } from '../../../src/manage/set-channel.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { readSettings } from '../../../src/settings.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'

const operator: Actor = { kind: 'operator' }
const lena: Actor = { kind: 'account', id: 'lena', role: 'lead', project: 'vision' }
const ada: Actor = { kind: 'account', id: 'ada', role: 'admin', project: 'crm' }
const owner = { kind: 'project', id: 'vision' } as const
const hers = 'https://collects.example.org/x'

let world: AlertWorld
let tools: ChannelTools

beforeAll(async () => {
  world = await createAlertWorld()
  tools = createChannelTools({ settings: readSettings({ TOLLGATE_KEY: '00'.repeat(32) }), pool: world.pool })
})
afterAll(() => world?.[Symbol.asyncDispose]())
beforeEach(() => world.sql('DELETE FROM tollgate.alert_channel'))

interface Row {
  readonly target: string
  readonly secret: string | null
  readonly former_secret: string | null
}

const rows = () => world.sql<Row>('SELECT target, secret, former_secret FROM tollgate.alert_channel')

async function keptFor(kind: ChannelKindWord, secret: string): Promise<Row> {
  const change = { kind, target: 'http://10.1.2.3/x', isPrivateTarget: true, secret }
  await setChannel(tools, { actor: operator, owner, id: 'ours', change })
  return (await rows())[0] ?? { target: '', secret: null, former_secret: null }
}

test.each([
  ['a lead', lena],
  ['an administrator', ada],
] as const)(
  '%s who points a channel elsewhere does not take along a secret that somebody else set',
  async (_, actor) => {
    for (const secret of ['file:/run/secrets/alertmanager', 'the-password']) {
      await world.sql('DELETE FROM tollgate.alert_channel')
      const before = await keptFor('alertmanager', secret)
      const wish = { actor, id: 'ours', change: { target: hers } }
      await expect(setChannel(tools, wish)).rejects.toMatchObject({
        code: 'not_valid',
        message: expect.stringContaining('give it too, or null'),
      })
      expect(await rows()).toEqual([before])
      await setChannel(tools, { ...wish, change: { target: hers, secret: 'her-own' } })
      const [row] = await rows()
      expect(row).toMatchObject({ secret: expect.stringMatching(/^sealed:/), former_secret: null })
      expect(row?.secret).not.toBe(before.secret)
      await setChannel(tools, { ...wish, change: { target: hers, secret: null } })
      expect(await rows()).toMatchObject([{ secret: null, former_secret: null }])
    }
  },
)

test('a webhook that is pointed elsewhere is signed with another secret at once, and no more with the former ones', async () => {
  const before = await keptFor('webhook', 'env:TOLLGATE_CHANNEL_HOOK')
  await setChannel(tools, { actor: operator, id: 'ours', change: { secret: { rotate: true } } })
  expect(await rows()).toMatchObject([{ former_secret: before.secret }])
  const [rotated] = await rows()
  const { secret } = await setChannel(tools, { actor: lena, id: 'ours', change: { target: hers } })
  expect(secret).toMatch(/^whsec_/)
  const [row] = await rows()
  expect(row).toMatchObject({ secret: expect.stringMatching(/^sealed:/), former_secret: null })
  expect(row?.secret).not.toBe(rotated?.secret)
})

test.each([
  ['a target in a file', { target: 'file:/etc/passwd' }],
  ['a target in a variable', { target: 'env:TOLLGATE_CHANNEL_X' }],
  ['a sealed target', { target: 'sealed:v1:abc' }],
  ['a secret in a file', { secret: 'file:/run/secrets/database' }],
  ['a secret in a variable', { secret: 'env:TOLLGATE_CHANNEL_X' }],
  ['a sealed secret', { secret: 'sealed:v1:abc' }],
])('an administrator cannot name %s, in a new channel and in one that is there', async (_, change) => {
  const before = await keptFor('alertmanager', 'the-password')
  const refused = { code: 'not_valid', message: expect.stringContaining('command line') }
  const whole = { kind: 'alertmanager', target: 'http://10.1.2.3/x', isPrivateTarget: true, ...change } as const
  await expect(setChannel(tools, { actor: ada, owner, id: 'new', change: whole })).rejects.toMatchObject(refused)
  const more = { secret: 'another', ...change }
  await expect(setChannel(tools, { actor: ada, id: 'ours', change: more })).rejects.toMatchObject(refused)
  expect(await rows()).toEqual([before])
})

test('the operator points a channel elsewhere with its secret', async () => {
  const before = await keptFor('alertmanager', 'file:/run/secrets/alertmanager')
  await setChannel(tools, { actor: operator, id: 'ours', change: { target: 'http://10.1.2.4/x' } })
  expect(await rows()).toMatchObject([{ secret: before.secret }])
})
