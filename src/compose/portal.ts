import { randomBytes, randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { createLook } from '../check/look.ts'
import type { PolicySource, Seeder, SpendStore } from '../check/ports.ts'
import { createReadStatus } from '../check/status.ts'
import { Fault } from '../core/fault.ts'
import { normalAddress } from '../grpc/caller-address.ts'
import { listenPortal, type Portal } from '../portal/listen.ts'
import type { PortalTools } from '../portal/ports.ts'
import { createPostgresAudit } from '../postgres/audit.ts'
import { createPostgresDirectory } from '../postgres/directory.ts'
import { createPostgresIdempotencyKeys } from '../postgres/idempotency-keys.ts'
import { createPostgresPeople } from '../postgres/people.ts'
import { createPostgresPolicyRows } from '../postgres/policy-rows.ts'
import { createPool } from '../postgres/pool.ts'
import { createPostgresProjectUse } from '../postgres/project-use.ts'
import { createPostgresRefusalReader } from '../postgres/refusal-reader.ts'
import { createPostgresUsageReader } from '../postgres/usage-reader.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createChannelTools } from './channel-tools.ts'
import { createWindows } from './check-room.ts'
import { createPackTools } from './pack-tools.ts'
import { createRequestTools } from './request-tools.ts'

/** Beside those of the ledger, which a person who asks for much is not to keep waiting, nor the other way round. */
const connectionsMax = 6
const forgetEveryMs = 600_000

export interface PortalParts {
  readonly settings: Settings
  readonly observer: Observer
  readonly databaseUrl: string
  readonly policy: PolicySource
  readonly store: SpendStore
  readonly seed: Seeder
  /** Several processes serve on one port. */
  readonly isSupervised?: boolean
}

/** Serves the API where `TOLLGATE_PUBLIC_ADDRESS` says; nothing without it. Drained before what was started earlier. */
export async function startPortal(
  started: AsyncDisposableStack,
  parts: PortalParts,
): Promise<Portal['address'] | undefined> {
  const { settings, observer, databaseUrl, isSupervised = false } = parts
  const { TOLLGATE_PUBLIC_ADDRESS: listen } = settings
  if (listen === undefined) return undefined
  const onError = (error: Error): void => observer.warn('database_connection_lost', { error })
  const pool = createPool(databaseUrl, onError, { connectionsMax })
  started.defer(() => pool.end())
  const keys = createPostgresIdempotencyKeys(pool)
  const timer = setInterval(() => {
    keys.forgetOld().catch((error: unknown) => observer.warn('keys_not_forgotten', { error }))
  }, forgetEveryMs)
  started.defer(() => clearInterval(timer))
  const tools = { ...toolsOf(parts, pool), keys }
  const portal = await listenPortal(tools, { ...listen, isShared: isSupervised }).catch((cause: unknown) => {
    throw listenFault(cause, listen)
  })
  started.defer(() => portal.close({ graceMs: settings.TOLLGATE_DRAIN_MS }))
  observer.info('portal_listening', { ...portal.address })
  return portal.address
}

function toolsOf(parts: PortalParts, pool: Pool): Omit<PortalTools, 'keys'> {
  const { settings, observer, policy, store, seed } = parts
  return {
    ...{ policy, observer },
    manage: {
      ...createRequestTools({ pool, policy, store, seed }),
      ...createPackTools(pool),
      ...createChannelTools({ settings, pool }),
      ...{ directory: createPostgresDirectory(pool), randomBytes },
      ...{ rows: createPostgresPolicyRows(pool), audit: createPostgresAudit(pool) },
    },
    people: createPostgresPeople(pool),
    usage: createPostgresUsageReader(pool),
    projectUse: createPostgresProjectUse(pool),
    refusals: createPostgresRefusalReader(pool),
    readStatus: createReadStatus({ look: createLook({ store, seed }), windowsAt: createWindows() }),
    storeNowMs: () => store.nowMs(),
    nowMs: Date.now,
    tickMs: () => Math.trunc(performance.now()),
    addressOf: normalAddress,
    randomId: randomUUID,
    docsBase: settings.TOLLGATE_DOCS_BASE,
    askAt: settings.TOLLGATE_ASK_AT,
  }
}

function listenFault(cause: unknown, { host, port }: { readonly host: string; readonly port: number }): Fault {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'EADDRINUSE') {
    return new Fault('already_running', `Another process listens on TOLLGATE_PUBLIC_ADDRESS ${address}`, { cause })
  }
  const reason = code === '' ? '' : `: the system says ${code}`
  return new Fault('settings_invalid', `Cannot listen on TOLLGATE_PUBLIC_ADDRESS ${address}${reason}`, { cause })
}
