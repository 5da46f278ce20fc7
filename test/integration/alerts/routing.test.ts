import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { NewAlertEvent } from '../../../src/core/alert-event.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'

let world: AlertWorld

beforeAll(async () => {
  world = await createAlertWorld()
  const target = 'https://hooks.example.org/x'
  await world.channel({ id: 'everything', target })
  await world.channel({ id: 'of-research', target, department: 'research' })
  await world.channel({ id: 'of-vision', target, project: 'vision' })
  await world.channel({ id: 'of-crm', target, project: 'crm' })
  for (const account of ['alice', 'bob', 'lena', 'luis', 'ada'])
    await world.channel({ id: `mail-${account}`, kind: 'email', target: `${account}@example.org`, account })
  await world.channel({ id: 'hook-lena', target, account: 'lena' })
})

afterAll(() => world[Symbol.asyncDispose]())
beforeEach(() => world.sql('DELETE FROM tollgate.alert_event'))

/** Who hears of one event. */
async function hearers(event: Partial<NewAlertEvent>): Promise<readonly string[]> {
  await world.events({ key: 'one', ...event })
  expect(await world.outbox.route(10)).toBe(1)
  const rows = await world.sql<{ channel: string }>('SELECT channel FROM tollgate.alert_delivery ORDER BY channel')
  return rows.map(({ channel }) => channel)
}

test('what concerns an account is told to it, its project, its department and who hears everything', async () => {
  expect(await hearers({ account: 'alice' })).toEqual(['everything', 'mail-alice', 'of-research', 'of-vision'])
})

test('what concerns a project is told to none of its accounts', async () => {
  expect(await hearers({ project: 'crm' })).toEqual(['everything', 'of-crm'])
})

test('what concerns a department is told to none of its projects', async () => {
  expect(await hearers({ department: 'research' })).toEqual(['everything', 'of-research'])
})

test('what concerns the installation is told to channels of nobody alone', async () => {
  expect(await hearers({ type: 'ledger_lag' })).toEqual(['everything'])
})

test('a request is told to its project and in the own mail of its leads and the admins, not to who asked', async () => {
  const event = { type: 'request_asked', account: 'alice', project: 'vision', data: { askedBy: 'alice' } } as const
  expect(await hearers(event)).toEqual(['everything', 'mail-ada', 'mail-lena', 'of-research', 'of-vision'])
})

test('a lead who asks is no decider of it', async () => {
  const event = { type: 'request_asked', project: 'vision', data: { askedBy: 'lena' } } as const
  expect(await hearers(event)).toEqual(['everything', 'mail-ada', 'of-research', 'of-vision'])
})

test('an admin whose account is disabled decides nothing and hears of no request', async () => {
  await world.sql(`UPDATE tollgate.account SET disabled = true WHERE id = 'ada'`)
  const heard = await hearers({ type: 'request_asked', account: 'alice', data: { askedBy: 'alice' } })
  await world.sql(`UPDATE tollgate.account SET disabled = false WHERE id = 'ada'`)
  expect(heard).toEqual(['everything', 'mail-lena', 'of-research', 'of-vision'])
})

test('a decision is told to whom it is for, who asked and who decided', async () => {
  const data = { askedBy: 'lena', decidedBy: 'ada' }
  expect(await hearers({ type: 'request_decided', account: 'alice', data })).toEqual([
    ...['everything', 'hook-lena', 'mail-ada', 'mail-alice', 'mail-lena', 'of-research', 'of-vision'],
  ])
})

test('an event for one channel is told to it alone, whatever it filters', async () => {
  await world.sql(`UPDATE tollgate.alert_channel SET types = '{level}' WHERE id = 'of-crm'`)
  const heard = await hearers({ type: 'test', onlyChannel: 'of-crm', project: 'crm' })
  await world.sql(`UPDATE tollgate.alert_channel SET types = NULL WHERE id = 'of-crm'`)
  expect(heard).toEqual(['of-crm'])
})

test('a channel hears only the types and percentages it wants', async () => {
  await world.sql(`UPDATE tollgate.alert_channel SET percent_min = 95 WHERE id = 'everything'`)
  await world.sql(`UPDATE tollgate.alert_channel SET types = '{forecast}' WHERE id = 'of-vision'`)
  const warned = await hearers({ account: 'alice' })
  await world.sql('DELETE FROM tollgate.alert_event')
  const forecast = await hearers({ account: 'alice', type: 'forecast', percent: 12 })
  await world.sql(`UPDATE tollgate.alert_channel SET percent_min = 0, types = NULL`)
  expect(warned).toEqual(['mail-alice', 'of-research'])
  expect(forecast).toEqual(['everything', 'mail-alice', 'of-research', 'of-vision'])
})

test('a channel hears that a level is over only when it hears of that level', async () => {
  await world.sql(`UPDATE tollgate.alert_channel SET percent_min = 95 WHERE id = 'everything'`)
  const low = await hearers({ account: 'alice', type: 'recovered', percent: 80 })
  await world.sql('DELETE FROM tollgate.alert_event')
  const high = await hearers({ account: 'alice', type: 'recovered', percent: 95 })
  await world.sql(`UPDATE tollgate.alert_channel SET percent_min = 0`)
  expect(low).toEqual(['mail-alice', 'of-research', 'of-vision'])
  expect(high).toEqual(['everything', 'mail-alice', 'of-research', 'of-vision'])
})

test('disabled and stopped channels, and levels that a jump passed, are left out', async () => {
  await world.sql(`UPDATE tollgate.alert_channel SET disabled = true WHERE id = 'of-vision'`)
  await world.outbox.stopChannel('everything', 'It is gone')
  await world.events({ key: 'passed', account: 'alice', skipped: true })
  await world.sql(`DELETE FROM tollgate.alert_event WHERE type = 'channel_stopped'`)
  const heard = await hearers({ account: 'alice' })
  await world.sql(`UPDATE tollgate.alert_channel SET disabled = false`)
  await world.sql('DELETE FROM tollgate.alert_channel_state')
  expect(heard).toEqual(['mail-alice', 'of-research'])
})

test('route() writes a batch once, however many route at the same time', async () => {
  await world.events(...Array.from({ length: 200 }, (_, place) => ({ key: `k${place}`, account: 'alice' })))
  const routed = await Promise.all(Array.from({ length: 6 }, () => world.outbox.route(60)))
  expect(routed.reduce((sum, count) => sum + count)).toBe(200)
  const [row] = await world.sql<{ count: number }>('SELECT count(*)::int AS count FROM tollgate.alert_delivery')
  expect(row?.count).toBe(800)
})
