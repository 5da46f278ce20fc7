import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { composeMessage } from '../alerts/compose-message.ts'
import { createDeliverer, delivererDefaults } from '../alerts/deliver.ts'
import type { SendParts } from '../alerts/send-one.ts'
import type { PolicySource, Seeder, SpendStore } from '../check/ports.ts'
import { createSenders } from '../notify/create-senders.ts'
import { createPostgresOutbox } from '../postgres/alert-outbox.ts'
import { createPool } from '../postgres/pool.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createLoop } from '../usage/loop.ts'
import type { Between } from './between.ts'
import { clock } from './clock.ts'
import { createLinkFor } from './decision-links.ts'
import { createServedBudget } from './request-tools.ts'
import { createInstallSecretBox } from './secret-box.ts'

/** Beside those of the ledger, which deliveries are never to wait for, nor the other way round. */
const connectionsMax = 4
const backoffMs = 200
const backoffMsMax = 5_000
const upkeepBackoffMs = 1_000
const upkeepBackoffMsMax = 60_000

export interface AlertsParts {
  readonly settings: Settings
  /** Where the secrets of channels come from. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly observer: Observer
  readonly databaseUrl: string
  readonly between?: Between
  /** With the store, for what a decision rests on. */
  readonly policy: PolicySource
  readonly store: SpendStore
  readonly seed: Seeder
}

/** Starts telling people, where the role `alerts` is. */
export function startAlerts(started: AsyncDisposableStack, parts: AlertsParts): void {
  const { settings, observer, databaseUrl } = parts
  if (!settings.TOLLGATE_ROLES.includes('alerts')) return
  const onError = (error: Error): void => observer.warn('database_connection_lost', { error })
  const pool = createPool(databaseUrl, onError, { connectionsMax })
  started.defer(() => pool.end())
  startDelivering(started, { ...parts, pool })
}

function startDelivering(started: AsyncDisposableStack, parts: AlertsParts & { readonly pool: Pool }): void {
  const { settings, observer, pool, between = {} } = parts
  const secretBox = createInstallSecretBox(parts)
  const senders = createSenders({ secretBox, ...mailOf(settings) })
  started.defer(() => senders.close())
  const outbox = createPostgresOutbox({ pool, eventDays: settings.TOLLGATE_ENTRY_DAYS, marker: secretBox })
  const deliverer = createDeliverer({
    outbox: between.outbox?.(outbox) ?? outbox,
    senders,
    compose: composeFor(parts),
    clock: { nowMs: () => performance.now(), sleep: clock.sleep },
    ...{ observer, random: Math.random, by: randomBytes(12).toString('hex') },
    settings: { ...delivererDefaults, ...between.deliverer },
    onFree: () => loop.wake(),
  })
  const loop = createLoop({
    step: deliverer.step,
    onFault: () => observer.count('alert_outbox_failures_total'),
    log: { observer, failed: 'alerts_failed', again: 'alerts_again' },
    backoffMs,
    backoffMsMax,
  })
  // Beside the other one, so that no message ever waits for housekeeping.
  const upkeep = createLoop({
    step: deliverer.upkeep,
    onFault: () => observer.count('alert_outbox_failures_total'),
    log: { observer, failed: 'alerts_upkeep_failed', again: 'alerts_upkeep_again' },
    backoffMs: upkeepBackoffMs,
    backoffMsMax: upkeepBackoffMsMax,
  })
  loop.start()
  upkeep.start()
  started.defer(async () => {
    const housekept = upkeep.stop()
    await loop.stop()
    await deliverer.stop()
    await housekept
  })
}

function composeFor({ settings, pool, ...parts }: AlertsParts & { readonly pool: Pool }): SendParts['compose'] {
  const { TOLLGATE_PUBLIC_URL: publicUrl, TOLLGATE_ASK_AT: askAt } = settings
  const budget = createServedBudget(parts)
  const linkFor = createLinkFor({ pool, publicUrl, budget })
  return async (events, channel) => {
    const { language, timeZone } = channel
    const decisionLink = await linkFor(events, channel)
    return composeMessage(events, {
      ...{ language, askAt },
      ...(timeZone !== undefined && { timeZone }),
      ...(publicUrl !== undefined && { publicUrl }),
      ...(decisionLink && { decisionLink }),
    })
  }
}

function mailOf({ TOLLGATE_MAIL_URL: url, TOLLGATE_MAIL_FROM: from }: Settings) {
  return url === undefined ? {} : { mail: { url, ...(from !== undefined && { from }) } }
}
