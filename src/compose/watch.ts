import type { Pool } from 'pg'
import { grantEnding } from '../alerts/grant-ending.ts'
import { ledgerLag, ledgerProgress } from '../alerts/ledger-lag.ts'
import { policyQuarantined } from '../alerts/policy-quarantined.ts'
import { requestsTold } from '../alerts/requests-told.ts'
import { tokenExpiring } from '../alerts/token-expiring.ts'
import { tokenNetworks } from '../alerts/token-networks.ts'
import { type Condition, createWatch } from '../alerts/watch.ts'
import type { PolicyKeeper } from '../policy/keeper.ts'
import { createPostgresWatchStore } from '../postgres/watch-store.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createLoop } from '../usage/loop.ts'
import type { Between } from './between.ts'

/** Older than this the policy here may lack a mended row. */
const freshMsMax = 5_000
const restMs = 1_000
const backoffMs = 1_000
const backoffMsMax = 30_000
const nowMs = (): number => performance.now()

/**
 * Starts the looking for what people are to be told in time, where the role `alerts` is. Where the role `ledger` is, how far it is gets
 * written, so that it is looked at also by processes that do not have it.
 */
export function startWatch(
  started: AsyncDisposableStack,
  given: {
    readonly settings: Settings
    readonly observer: Observer
    readonly pool: Pool
    readonly policy: Pick<PolicyKeeper, 'status' | 'check'>
    /** How long ago the ledger of this process had read everything; undefined: not yet. */
    readonly ledgerCaughtUpMsAgo: () => number | undefined
    readonly between?: Between
  },
): void {
  const { settings, observer, pool, policy, ledgerCaughtUpMsAgo, between } = given
  const { TOLLGATE_ROLES: roles } = settings
  const store = createPostgresWatchStore(pool)
  const startedAtMs = nowMs()
  // In a loop of its own: what holds up another look is not to pass for a ledger that is behind.
  const progress = ledgerProgress(store, ledgerCaughtUpMsAgo)
  if (roles.includes('ledger')) startLooking(started, { observer, conditions: [progress] })
  if (!roles.includes('alerts')) return
  const conditions: readonly Condition[] = [
    requestsTold(store),
    policyQuarantined(store, () =>
      (policy.status().ageMs ?? Number.POSITIVE_INFINITY) <= freshMsMax ? policy.check() : undefined,
    ),
    ledgerLag(store, { upMs: () => nowMs() - startedAtMs, graceMs: between?.ledgerGraceMs }),
    tokenExpiring(store),
    grantEnding(store),
    tokenNetworks(store),
  ]
  startLooking(started, { observer, conditions, backoffMsMax })
}

function startLooking(
  started: AsyncDisposableStack,
  {
    observer,
    conditions,
    backoffMsMax = backoffMs,
  }: { readonly observer: Observer; readonly conditions: readonly Condition[]; readonly backoffMsMax?: number },
): void {
  const loop = createLoop({
    step: createWatch({ conditions, observer, nowMs, restMs }),
    onFault: () => undefined,
    log: { observer, failed: 'alert_watch_failed', again: 'alert_watch_again' },
    ...{ backoffMs, backoffMsMax },
  })
  loop.start()
  started.defer(() => loop.stop())
}
