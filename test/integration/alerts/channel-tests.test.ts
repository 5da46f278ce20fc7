import { afterAll, beforeAll, expect, test } from 'vitest'
import { createChannelTools } from '../../../src/compose/channel-tools.ts'
import type { ChannelOwner, ChannelTools } from '../../../src/manage/channel-ports.ts'
import { removeChannel } from '../../../src/manage/channels.ts'
import { setChannel } from '../../../src/manage/set-channel.ts'
import { testChannel } from '../../../src/manage/test-channel.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { readSettings } from '../../../src/settings.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'

const operator: Actor = { kind: 'operator' }
const lena: Actor = { kind: 'account', id: 'lena', role: 'lead', project: 'vision' }
const ada: Actor = { kind: 'account', id: 'ada', role: 'admin', project: 'crm' }
const owners: Readonly<Record<string, ChannelOwner>> = {
  lena: { kind: 'account', id: 'lena' },
  other: { kind: 'account', id: 'lena' },
  vision: { kind: 'project', id: 'vision' },
  sales: { kind: 'department', id: 'sales' },
  all: { kind: 'installation' },
}

let world: AlertWorld
let tools: ChannelTools

const tell = (actor: Actor, id: string) => testChannel(tools, { actor, id, waitMs: 0 })
const setHook = (actor: Actor, id: string) =>
  setChannel(tools, { actor, id, owner: owners[id], change: { kind: 'webhook', target: 'https://example.org/x' } })

beforeAll(async () => {
  world = await createAlertWorld()
  const settings = readSettings({ TOLLGATE_KEY: '00'.repeat(32), TOLLGATE_MAIL_DOMAINS: 'example.org' })
  tools = createChannelTools({ settings, pool: world.pool })
  for (const id of Object.keys(owners)) await setHook(operator, id)
})
afterAll(() => world?.[Symbol.asyncDispose]())

test('testChannel() writes 10 tests an hour of one owner, at once and over all of its channels, and of each owner', async () => {
  const tries = Array.from({ length: 14 }, (_, nth) => tell(lena, nth % 2 === 0 ? 'lena' : 'other'))
  const answers = await Promise.allSettled(tries)
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  const refused = { code: 'conflict', message: expect.stringContaining('10 tests within an hour') }
  await removeChannel(tools, { actor: lena, id: 'other' })
  await setHook(lena, 'other')
  for (const actor of [lena, ada]) await expect(tell(actor, 'other')).rejects.toMatchObject(refused)
  for (const id of ['vision', 'sales', 'all']) {
    for (let nth = 0; nth < 10; nth += 1) await tell(ada, id)
    await expect(tell(ada, id)).rejects.toMatchObject(refused)
    await tell(operator, id)
  }
  const [row] = await world.sql<{ count: number }>('SELECT count(*)::int AS count FROM tollgate.alert_event')
  expect(row?.count).toBe(43)
  await world.sql(`UPDATE tollgate.alert_event SET at = at - interval '1 hour'`)
  await tell(lena, 'other')
})

test('what the operator tests is not counted', async () => {
  await world.sql('DELETE FROM tollgate.alert_event')
  for (let nth = 0; nth < 12; nth += 1) await tell(operator, 'lena')
  await tell(lena, 'lena')
})
