import pg from 'pg'
import { expect, test } from 'vitest'
import { createChannelTools } from '../../../src/compose/channel-tools.ts'
import { setChannel } from '../../../src/manage/set-channel.ts'
import { testChannel } from '../../../src/manage/test-channel.ts'
import { createPool } from '../../../src/postgres/pool.ts'
import { readSettings } from '../../../src/settings.ts'
import { startPlane } from '../../rpc/support/plane.ts'
import { createDatabase } from '../../support/databases.ts'
import { startWebhookReceiver } from '../../support/receivers/webhook.ts'
import { createKeyPrefix } from '../../support/redis.ts'

test('a served Tollgate tells of an event within 2 s of its COMMIT, and counts it', async () => {
  const receiver = await startWebhookReceiver()
  await using plane = await startPlane({ store: 'memory', settings: { TOLLGATE_CHANNEL_HOOK: receiver.secret } })
  await plane.sql(
    `INSERT INTO tollgate.alert_channel (id, kind, target, secret, private_target) VALUES ('all', 'webhook', $1, 'env:TOLLGATE_CHANNEL_HOOK', true)`,
    [receiver.url],
  )
  const startedMs = performance.now()
  await plane.sql(
    `INSERT INTO tollgate.alert_event (key, type, level, account) VALUES ('one', 'test', 'info', 'alice')`,
  )
  const [alert] = await receiver.alertsOf(1)
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  expect(alert).toMatchObject({ type: 'test', user: 'alice' })
  await expect.poll(() => plane.counts.get('alert_deliveries_total[webhook,sent]')).toBe(1)
  await receiver.close()
})

test('a served Tollgate tells while its housekeeping hangs', async () => {
  const receiver = await startWebhookReceiver()
  const hangs = Promise.withResolvers<number>()
  await using plane = await startPlane({
    ...{ store: 'memory', settings: { TOLLGATE_CHANNEL_HOOK: receiver.secret } },
    between: {
      outbox: (real) => ({ ...real, forget: () => hangs.promise, giveUp: () => Promise.reject(new Error('locked')) }),
    },
  })
  await plane.sql(
    `INSERT INTO tollgate.alert_channel (id, kind, target, secret, private_target) VALUES ('all', 'webhook', $1, 'env:TOLLGATE_CHANNEL_HOOK', true)`,
    [receiver.url],
  )
  await plane.sql(
    `INSERT INTO tollgate.alert_event (key, type, level, account) VALUES ('one', 'test', 'info', 'alice')`,
  )
  expect(await receiver.alertsOf(1)).toHaveLength(1)
  hangs.resolve(0)
  await expect.poll(() => plane.counts.get('alert_outbox_failures_total')).toBe(1)
  await receiver.close()
})

test('what the command line sealed a served Tollgate opens, without a key in the settings', async () => {
  const receiver = await startWebhookReceiver()
  await using plane = await startPlane({ store: 'memory' })
  const pool = createPool(plane.databaseUrl, () => {})
  const tools = createChannelTools({ settings: readSettings({ DATABASE_URL: plane.databaseUrl }), pool })
  const actor = { kind: 'operator' } as const
  const change = { kind: 'webhook', target: receiver.url, secret: receiver.secret, isPrivateTarget: true } as const
  await setChannel(tools, { actor, id: 'ops', change })
  const [row] = await plane.sql('SELECT target, secret FROM tollgate.alert_channel')
  expect(row).toMatchObject({ target: expect.stringMatching(/^sealed:/), secret: expect.stringMatching(/^sealed:/) })
  expect((await testChannel(tools, { actor, id: 'ops' })).delivery).toMatchObject({ state: 'sent', attempts: 1 })
  expect(receiver.alerts).toHaveLength(1)
  await pool.end()
  await receiver.close()
})

test('a ledger that reads nothing is told by a process whose only role is alerts', async () => {
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using database = await createDatabase()
  const beside = { databaseUrl: database.url, keyPrefix }
  const progress = () =>
    asked(database.url, `SELECT caught_up_at > now() - interval '1 minute' AS is_new FROM tollgate.ledger_progress`)
  {
    await using _ledger = await startPlane({ beside, settings: { TOLLGATE_ROLES: 'ledger' } })
    await expect.poll(progress, { timeout: 10_000 }).toEqual([{ is_new: true }])
  }
  await asked(database.url, `UPDATE tollgate.ledger_progress SET caught_up_at = now() - interval '1 hour'`)
  await using _stalled = await startPlane({
    ...{ beside, settings: { TOLLGATE_ROLES: 'ledger' } },
    between: { ledgerStore: (real) => ({ ...real, checkpoints: () => Promise.reject(new Error('The disk is full')) }) },
  })
  await using _alerts = await startPlane({
    ...{ beside, settings: { TOLLGATE_ROLES: 'alerts' } },
    between: { ledgerGraceMs: 0 },
  })
  const told = () =>
    asked(
      database.url,
      `SELECT (data->>'seconds')::int / 3600 AS hours FROM tollgate.alert_event WHERE type = 'ledger_lag'`,
    )
  await expect.poll(told, { timeout: 10_000 }).toEqual([{ hours: 1 }])
  expect(await progress()).toEqual([{ is_new: false }])
})

async function asked(databaseUrl: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
