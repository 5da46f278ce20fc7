import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSenders } from '../../../src/notify/create-senders.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'
import { type DeliverPoint, deliverPoints } from '../../support/deliver-points.ts'
import type { DelivererOrders } from '../../support/deliverer-child.ts'
import { startWebhookReceiver, type WebhookAlert, type WebhookReceiver } from '../../support/receivers/webhook.ts'
import { testSecretBox } from '../../support/start-deliverer.ts'

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

function start(orders: Omit<DelivererOrders, 'databaseUrl' | 'settings'>): ChildProcess {
  const all: DelivererOrders = { ...{ databaseUrl: world.database.url, settings }, ...orders }
  return spawn(process.execPath, ['test/support/deliverer-child.ts', JSON.stringify(all)], { stdio: 'inherit' })
}

async function killed(child: ChildProcess): Promise<void> {
  const [, signal] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number | null, string]
  expect(signal).toBe('SIGKILL')
}

/** Runs a real process until it ends itself by SIGKILL at the point. */
const killAt = (point: DeliverPoint, passes: number): Promise<void> => killed(start({ point, passes }))

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

/** So that what waits is more than the target takes, and each round one digest. */
const perMinuteMax = 10

function twenty(round: string) {
  return Array.from({ length: 20 }, (_, place) => ({ key: `${round}-${place}`, account: 'alice' }))
}

async function deliverRest(): Promise<void> {
  const { webhook } = createSenders({ secretBox: testSecretBox })
  await world.deliver({ settings, senders: { webhook: { ...webhook, perMinuteMax } } })
}

function idsIn({ data }: WebhookAlert): readonly string[] {
  return (data['events'] as readonly WebhookAlert[]).map(({ id }) => id)
}

/**
 * Every event is told in a digest, at most once more for each kill; a digest that is told again leaves out nothing that it told, and has the
 * id it had unless something older joined it.
 */
async function expectWholeDigests({ count, kills }: { readonly count: number; readonly kills: number }): Promise<void> {
  const rows = await world.deliveriesWhere(`state = 'sent'`, 2 * count)
  expect(rows).toHaveLength(2 * count)
  const events = await world.sql<{ id: string }>('SELECT id FROM tollgate.alert_event')
  for (const [place, receiver] of receivers.entries()) {
    expect(receiver.forged).toHaveLength(0)
    expect(receiver.alerts.every(({ type }) => type === 'digest')).toBe(true)
    const digests = receiver.alerts.map(idsIn)
    expect(receiver.alerts.map(({ id }) => id)).toEqual(digests.map(([first]) => first))
    expect(new Set(digests.flat())).toEqual(new Set(events.map(({ id }) => id)))
    for (const { id } of events)
      expect(digests.filter((digest) => digest.includes(id)).length).toBeLessThanOrEqual(1 + kills)
    for (const [nth, digest] of digests.entries()) {
      const again = digests.slice(nth + 1).find((later) => later.some((id) => digest.includes(id)))
      if (again === undefined) continue
      expect(again).toEqual(expect.arrayContaining([...digest]))
      expect(again[0] === digest[0] || !digest.includes(again[0] ?? '')).toBe(true)
    }
    const own = rows.filter(({ channel }) => channel === `hook-${place}`)
    const heads = new Map(own.map(({ id, event }) => [id, event]))
    for (const { id, event, sent_with: by } of own) {
      const head = heads.get(by ?? id)
      expect(digests.some((digest) => digest[0] === head && digest.includes(event))).toBe(true)
    }
  }
}

test.each(['held', 'sending', 'sent', 'ending', 'ended'] as const)(
  'kill −9 at "%s" in the middle of a digest loses none of its events, and what is told again is told whole under its id',
  async (point) => {
    await world.events(...twenty('first'))
    await world.outbox.route(100)
    await killed(start({ point, passes: 0, perMinuteMax }))
    await world.events(...twenty('second'))
    await world.outbox.route(100)
    await killed(start({ point, passes: 1, perMinuteMax }))
    await deliverRest()
    await expectWholeDigests({ count: 40, kills: 2 })
  },
)

test('kill −9 while a target has a digest in hand and has not answered: the same digest comes again', async () => {
  await world.events(...twenty('only'))
  await world.outbox.route(100)
  const child = start({ passes: 0, perMinuteMax })
  const [first] = receivers
  first?.answerWith(() => {
    first.answerWith({ status: 204 })
    child.kill('SIGKILL')
    return { status: 204 }
  })
  await killed(child)
  await deliverRest()
  await expectWholeDigests({ count: 20, kills: 1 })
  expect(first?.alerts.map(({ id }) => id)).toEqual([first?.alerts[0]?.id, first?.alerts[0]?.id])
})
