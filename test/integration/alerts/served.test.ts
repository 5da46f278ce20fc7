import { expect, test } from 'vitest'
import { startPlane } from '../../rpc/support/plane.ts'
import { startWebhookReceiver } from '../../support/receivers/webhook.ts'

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
