import pg from 'pg'
import { expect, inject, test, vi } from 'vitest'
import type { Sender } from '../../../src/alerts/ports.ts'
import { createSenders } from '../../../src/notify/create-senders.ts'
import { createAlertWorld } from '../../support/alert-world.ts'
import { startWebhookReceiver } from '../../support/receivers/webhook.ts'

/** Cuts everybody off from the database, and lets them in again. */
async function doorOf(name: string) {
  const admin = new pg.Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  return {
    async shut() {
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
    },
    async open() {
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)
    },
    [Symbol.asyncDispose]: () => admin.end(),
  }
}

test('a database that goes away while messages are under way, and comes back: nothing is lost and nothing told twice', async () => {
  await using world = await createAlertWorld()
  await using door = await doorOf(world.database.name)
  const receiver = await startWebhookReceiver()
  await world.channel({ id: 'hook', target: receiver.url, secret: receiver.secret, account: 'alice' })
  const { webhook } = createSenders({ secretBox: { open: async (plain) => plain } })
  let isShut: Promise<void> | undefined
  const send: Sender['send'] = async (channel, message) => {
    const result = await webhook.send(channel, message)
    isShut ??= door.shut()
    await isShut
    return result
  }
  const notWritten = Promise.withResolvers<void>()
  const observer = { warn: (event: string) => event === 'alert_end_not_written' && notWritten.resolve() }
  await using _ = await world.deliver({ observer, senders: { webhook: { kind: 'webhook', send } } })
  await world.events(...[1, 2, 3, 4, 5].map((place) => ({ key: `k${place}`, account: 'alice' })))
  await notWritten.promise
  await door.open()
  // The first ones may still get a connection that was cut.
  await vi.waitFor(() => world.events({ key: 'after', account: 'alice' }), { timeout: 10_000 })
  const rows = await world.deliveriesWhere(`state = 'sent'`, 6)
  expect(new Set(rows.map(({ event }) => event))).toEqual(new Set(receiver.alerts.map(({ id }) => id)))
  expect(receiver.alerts).toHaveLength(6)
  await receiver.close()
})
