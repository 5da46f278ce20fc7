import type { Pool } from 'pg'
import { grantEnding } from '../alerts/grant-ending.ts'
import { ledgerLag } from '../alerts/ledger-lag.ts'
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

/** Older than this the policy here may lack a mended row. */
const freshMsMax = 5_000
const restMs = 1_000
const backoffMsMax = 30_000

/** Starts the looking for what people are to be told in time, where the role `alerts` is. */
export function startWatch(
  started: AsyncDisposableStack,
  given: {
    readonly settings: Settings
    readonly observer: Observer
    readonly pool: Pool
    readonly policy: Pick<PolicyKeeper, 'status' | 'check'>
    /** How long ago the ledger of this process had read everything; nobody's word where another process has the role. */
    readonly ledgerBehindMs: () => number
  },
): void {
  const { settings, observer, pool, policy, ledgerBehindMs } = given
  const { TOLLGATE_ROLES: roles } = settings
  if (!roles.includes('alerts')) return
  const store = createPostgresWatchStore(pool)
  const conditions: Condition[] = [
    requestsTold(store),
    policyQuarantined(store, () =>
      (policy.status().ageMs ?? Number.POSITIVE_INFINITY) <= freshMsMax ? policy.check() : undefined,
    ),
    ...(roles.includes('ledger') ? [ledgerLag(store, ledgerBehindMs)] : []),
    tokenExpiring(store),
    grantEnding(store),
    tokenNetworks(store),
  ]
  const loop = createLoop({
    step: createWatch({ conditions, observer, nowMs: () => performance.now(), restMs }),
    onFault: () => undefined,
    log: { observer, failed: 'alert_watch_failed', again: 'alert_watch_again' },
    backoffMs: restMs,
    backoffMsMax,
  })
  loop.start()
  started.defer(() => loop.stop())
}
