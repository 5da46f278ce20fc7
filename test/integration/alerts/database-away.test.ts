import pg from 'pg'
import { expect, inject, test } from 'vitest'
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

test('a database that goes away while a message is under way, and comes back: nothing is lost and nothing told twice', async () => {
  await using world = await createAlertWorld()
  await using door = await doorOf(world.database.name)
  const receiver = await startWebhookReceiver()
  await world.channel({ id: 'hook', target: receiver.url, secret: receiver.secret, account: 'alice' })
  const shut = Promise.withResolvers<void>()
  receiver.answerWith((_, earlier) => {
    if (earlier > 0) return { status: 204 }
    shut.resolve(door.shut())
    return 'never'
  })
  let failures = 0
  const enough = Promise.withResolvers<void>()
  const observer = {
    count(metric: string) {
      if (metric !== 'alert_outbox_failures_total') return
      failures += 1
      if (failures === 3) enough.resolve()
    },
    warn() {},
  }
  await using _ = await world.deliver({ observer, settings: { sendMsMax: 500 } })
  await world.events(...[1, 2, 3, 4, 5].map((place) => ({ key: `k${place}`, account: 'alice' })))
  await shut.promise
  await enough.promise
  await door.open()
  await world.events({ key: 'after', account: 'alice' })
  const rows = await world.deliveriesWhere(`state = 'sent'`, 6)
  expect(new Set(rows.map(({ event }) => event))).toEqual(new Set(receiver.alerts.map(({ id }) => id)))
  // The one that was never answered is the only one that was told again.
  expect(receiver.alerts).toHaveLength(7)
  await receiver.close()
})
