import { randomBytes } from 'node:crypto'
import { composeMessage } from '../../src/alerts/compose-message.ts'
import { createDeliverer, type DelivererSettings, delivererDefaults } from '../../src/alerts/deliver.ts'
import type { ChannelKind, Outbox, Sender } from '../../src/alerts/ports.ts'
import { clock } from '../../src/compose/clock.ts'
import { createSenders } from '../../src/notify/create-senders.ts'
import { createSecretBox } from '../../src/notify/secret-box.ts'
import { createPostgresOutbox } from '../../src/postgres/alert-outbox.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { type Observer, silentObserver } from '../../src/telemetry/observer.ts'
import { createLoop } from '../../src/usage/loop.ts'

export interface DeliverOptions {
  readonly settings: Partial<DelivererSettings>
  readonly senders: Partial<Record<ChannelKind, Sender>>
  readonly databaseUrl: string
  readonly outbox: (real: Outbox) => Outbox
  readonly random: () => number
  readonly observer: Partial<Observer>
}

export interface TestDeliverer extends AsyncDisposable {
  stop(): Promise<void>
}

export const testSecretBox = createSecretBox({
  key: new Uint8Array(32),
  environment: {},
  prefix: 'TOLLGATE_CHANNEL_',
})

/** What `compose/alerts.ts` starts, with parts of it replaced. */
export function startDeliverer(options: Partial<DeliverOptions> & { readonly databaseUrl: string }): TestDeliverer {
  const pool = createPool(options.databaseUrl, () => {}, { connectionsMax: 4 })
  const senders = createSenders({ secretBox: testSecretBox })
  const outbox = createPostgresOutbox({ pool, eventDays: 90, marker: testSecretBox })
  const deliverer = createDeliverer({
    outbox: options.outbox?.(outbox) ?? outbox,
    senders: { ...senders, ...options.senders },
    compose: (events, channel) => composeMessage(events, channel),
    observer: { ...silentObserver, ...options.observer },
    clock: { nowMs: () => performance.now(), sleep: clock.sleep },
    random: options.random ?? Math.random,
    by: randomBytes(8).toString('hex'),
    settings: { ...delivererDefaults, pollMs: 20, ...options.settings },
    onFree: () => loop.wake(),
  })
  const loop = createLoop({
    step: deliverer.step,
    onFault: () => options.observer?.count?.('alert_outbox_failures_total'),
    backoffMs: 20,
    backoffMsMax: 200,
  })
  const upkeep = createLoop({
    step: deliverer.upkeep,
    onFault: () => options.observer?.count?.('alert_outbox_failures_total'),
    backoffMs: 20,
    backoffMsMax: 200,
  })
  loop.start()
  upkeep.start()
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    const housekept = upkeep.stop()
    await loop.stop()
    await deliverer.stop()
    await housekept
    senders.close()
    await pool.end()
  }
  const once = (): Promise<void> => {
    stopped ??= stop()
    return stopped
  }
  return { stop: once, [Symbol.asyncDispose]: once }
}
