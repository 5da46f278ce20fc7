import { afterEach, beforeEach, expect, test } from 'vitest'
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

test('upkeep() gives up what waited for a day on a channel that fails, is stopped or disabled, and nothing else', async () => {
  await world.outbox.rest('fails', { ms: 1, why: 'Nobody answers', isFailure: true })
  await world.outbox.stopChannel('stopped', 'It is gone')
  await world.sql(`UPDATE tollgate.alert_channel SET disabled = true WHERE id = 'disabled'`)
  // The process that had it died.
  await world.sql(`UPDATE tollgate.alert_delivery SET state = 'sending', held_until = now() WHERE channel = 'stopped'`)
  await age('23 hours')
  expect(await world.outbox.upkeep()).toEqual({ waiting: 4, givenUp: 0 })
  await age('25 hours')
  expect(await world.outbox.upkeep()).toEqual({ waiting: 1, givenUp: 3 })
  expect(await world.sql('SELECT channel, state, error FROM tollgate.alert_delivery ORDER BY channel')).toEqual([
    { channel: 'disabled', state: 'failed', error: 'The channel was disabled for a day' },
    { channel: 'fails', state: 'failed', error: 'Nobody answers' },
    { channel: 'stopped', state: 'failed', error: 'The channel was stopped for a day' },
    // Nobody has tried: it was us who were away.
    { channel: 'works', state: 'pending', error: null },
  ])
})

test('upkeep() forgets events of long ago with their deliveries, and none that still stands', async () => {
  await world.events(
    { key: 'over', account: 'alice' },
    { key: 'stands', type: 'policy_quarantined' },
    { key: 'ended', type: 'ledger_lag' },
    { key: 'young', account: 'alice' },
  )
  await world.sql(`UPDATE tollgate.alert_event SET at = now() - interval '91 days' WHERE key <> 'young'`)
  await world.sql(`UPDATE tollgate.alert_event SET reset_at = now() - interval '60 days' WHERE key IN ('one', 'over')`)
  await world.sql(`UPDATE tollgate.alert_event SET ended_at = now() WHERE key = 'ended'`)
  await world.outbox.upkeep()
  expect(await world.sql('SELECT key FROM tollgate.alert_event ORDER BY key')).toEqual([
    { key: 'stands' },
    { key: 'young' },
  ])
  expect(await world.sql('SELECT FROM tollgate.alert_delivery')).toHaveLength(0)
})
