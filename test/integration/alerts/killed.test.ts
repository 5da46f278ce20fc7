import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'
import { type DeliverPoint, deliverPoints } from '../../support/deliver-points.ts'
import type { DelivererOrders } from '../../support/deliverer-child.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../../support/receivers/webhook.ts'

/** Holds end soon, so that the next process need not wait for them long. */
const settings = { pollMs: 20, routeMax: 7, holdCount: 5, holdMs: 600, sendMsMax: 200 }

let world: AlertWorld
let receivers: readonly WebhookReceiver[]

beforeEach(async () => {
  world = await createAlertWorld()
  receivers = await Promise.all([startWebhookReceiver(), startWebhookReceiver()])
  for (const [place, { url, secret }] of receivers.entries())
    await world.channel({ id: `hook-${place}`, target: url, secret, account: 'alice' })
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
  for (const receiver of receivers) await receiver.close()
})

/** Runs a real process until it ends itself by SIGKILL at the point. */
async function killAt(point: DeliverPoint, passes: number): Promise<void> {
  const orders: DelivererOrders = { databaseUrl: world.database.url, point, passes, settings }
  const child = spawn(process.execPath, ['test/support/deliverer-child.ts', JSON.stringify(orders)], {
    stdio: 'inherit',
  })
  const [, signal] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number | null, string]
  expect(signal).toBe('SIGKILL')
}

test.each(deliverPoints)(
  'kill −9 of the deliverer at "%s" loses nothing: every event arrives with its id and its rows say sent',
  async (point) => {
    await world.events(...Array.from({ length: 20 }, (_, place) => ({ key: `k${place}`, account: 'alice' })))
    await killAt(point, 0)
    await killAt(point, 1)
    await world.deliver({ settings })
    const rows = await world.deliveriesWhere(`state = 'sent'`, 40)
    expect(rows).toHaveLength(40)
    const events = await world.sql<{ id: string }>('SELECT id FROM tollgate.alert_event')
    for (const receiver of receivers) {
      expect(receiver.forged).toHaveLength(0)
      expect(new Set(receiver.alerts.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)))
      // At most what each killed process had on its way is told twice.
      expect(receiver.alerts.length).toBeLessThanOrEqual(20 + 2 * settings.holdCount)
    }
  },
)
