import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createChannelTools } from '../../../src/compose/channel-tools.ts'
import { createLinkFor, type LinkFor } from '../../../src/compose/decision-links.ts'
import type { ChannelTools } from '../../../src/manage/channel-ports.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import { setChannel } from '../../../src/manage/set-channel.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { createPostgresRequests } from '../../../src/postgres/requests.ts'
import { readSettings } from '../../../src/settings.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'

const operator: Actor = { kind: 'operator' }
const lena: Actor = { kind: 'account', id: 'lena', role: 'lead', project: 'vision' }
const ada: Actor = { kind: 'account', id: 'ada', role: 'admin', project: 'crm' }
const hourMs = 3_600_000

let world: AlertWorld
let tools: ChannelTools
let linkFor: LinkFor

beforeAll(async () => {
  world = await createAlertWorld()
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('daily', 'daily', 'quota', 'credits', 100, 'day')`,
  )
  const settings = readSettings({ TOLLGATE_KEY: '00'.repeat(32), TOLLGATE_MAIL_DOMAINS: 'example.org' })
  tools = createChannelTools({ settings, pool: world.pool })
  linkFor = createLinkFor({ pool: world.pool, publicUrl: 'https://gate.example' })
  const requests = createPostgresRequests(world.pool)
  const budget = { remaining: async () => undefined, standing: async () => undefined }
  // Ada asks for alice: she may not decide it herself.
  await requestMore(
    { requests, budget, randomBytes, nowMs: Date.now },
    {
      ...{ actor: ada, askedBy: 'ada', for: { kind: 'account', id: 'alice' }, limitName: 'daily', amount: '5' },
      untilMs: Date.now() + hourMs,
    },
  )
})
afterAll(() => world?.[Symbol.asyncDispose]())
beforeEach(async () => {
  await world.sql('DELETE FROM tollgate.alert_channel')
  await world.sql('UPDATE tollgate.alert_event SET routed_at = NULL')
})

const set = (actor: Actor, change: object) =>
  setChannel(tools, { actor, id: 'mail', owner: { kind: 'account', id: 'lena' }, change: { kind: 'email', ...change } })
const own = { target: 'lena@example.org' }
const adas = { target: 'ada@example.org' }
const bySql = `INSERT INTO tollgate.alert_channel (id, kind, account, target) VALUES ('mail', 'email', 'lena', 'l@e.org')`

/** Whether lena's mail of the request decides. */
async function decides(): Promise<boolean> {
  await world.outbox.route(10)
  const held = await world.outbox.hold('mail', { by: 'test', countMax: 1, holdMs: 1_000, digestMax: 1 })
  if (held === undefined) throw new Error('No mail')
  const link = await linkFor(
    held.deliveries.map(({ event }) => event),
    held.channel,
  )
  return link !== undefined
}

test.each([
  ['that she set', true, async () => set(lena, own)],
  ['that the operator set', true, async () => set(operator, own)],
  ['that came by SQL', true, () => world.sql(bySql)],
  ['that an administrator set', false, async () => set(ada, adas)],
  ['that an administrator pointed elsewhere', false, async () => [await set(lena, own), await set(ada, adas)]],
  ['of which an administrator wrote a note', true, async () => [await set(lena, own), await set(ada, { note: 'x' })]],
  ['an administrator set and she noted', false, async () => [await set(ada, adas), await set(lena, { note: 'x' })]],
  ['an administrator set and she set anew', true, async () => [await set(ada, adas), await set(lena, own)]],
  ['an administrator set and the operator anew', true, async () => [await set(ada, adas), await set(operator, own)]],
] as const)('mail of a decider %s: it decides %s', async (...[_, isDeciding, arrange]) => {
  await arrange()
  expect(await decides()).toBe(isDeciding)
})
