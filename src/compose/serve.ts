import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createTicketSigner } from '../check/ticket.ts'
import { createGrpcServer, type Listen } from '../grpc/server.ts'
import { createPolicyKeeper } from '../policy/keeper.ts'
import { migrate } from '../postgres/migrate.ts'
import { createPostgresPolicyDatabase } from '../postgres/policy-database.ts'
import { createPool } from '../postgres/pool.ts'
import { readStoreMeta } from '../postgres/store-meta.ts'
import type { Settings } from '../settings.ts'
import { createObserver } from '../telemetry/create-observer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createOpsServer } from '../telemetry/ops-server.ts'
import { startBooks } from './books.ts'
import { sourceOf } from './check-room.ts'
import { clock } from './clock.ts'
import { openDatabase, untilItWorks } from './database.ts'
import { createPlane } from './plane.ts'

const forceMs = 2_000

/** Runs the data plane and this process's background roles until SIGTERM or SIGINT, then drains: no request is lost to the stop. */
export async function serve(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const metrics = createMetrics()
  const observer = createObserver({ log: createLog({ level: settings.TOLLGATE_LOG_LEVEL }), metrics, nowMs: Date.now })
  const ending = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())
  const missing = new Set(['database', 'policy', 'listener'])
  await using started = new AsyncDisposableStack()
  started.defer(() => observer.info('stopped'))
  const ops = await createOpsServer({ listen: settings.TOLLGATE_OPS_ADDRESS, metrics, missing: () => [...missing] })
  started.defer(() => ops.close())
  observer.info('ops_listening', { ...ops.address })
  try {
    await serveOn(started, { settings, environment, observer, missing, ending })
  } catch (error) {
    if (!ending.signal.aborted) throw error
  }
}

interface Serving {
  readonly settings: Settings
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly observer: Observer
  /** What `/readyz` names. */
  readonly missing: Set<string>
  readonly ending: AbortController
}

/** Builds from the database outwards; what is deferred on the stack is undone in reverse order. */
async function serveOn(started: AsyncDisposableStack, serving: Serving): Promise<void> {
  const { settings, observer, missing, ending } = serving
  const { signal } = ending
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  mkdirSync(settings.TOLLGATE_DATA_FOLDER, { recursive: true })
  const database = await openDatabase(settings)
  started.defer(() => database.close())
  if (database.isEmbedded) await migrate(database.url, observer)
  const pool = createPool(database.url, (error) => observer.warn('database_connection_lost', { error }))
  started.defer(() => pool.end())
  const meta = await untilItWorks(() => readStoreMeta(pool), { observer, signal })
  missing.delete('database')
  const policies = createPostgresPolicyDatabase({ databaseUrl: database.url })
  const keeper = createPolicyKeeper({ database: policies, observer, clock })
  started.defer(() => keeper.stop())
  await Promise.race([keeper.ready, ended])
  missing.delete('policy')
  const onLockLost = (): void => {
    observer.warn('lock_lost', { reason: 'Another process may count on this database now; this one stops' })
    ending.abort()
  }
  const { store, seed } = await startBooks(started, { ...serving, database, pool, onLockLost })
  const signer = createTicketSigner(ticketKeyOf(settings) ?? meta.ticketKey)
  const plane = createPlane({ ...serving, store, policy: sourceOf(keeper), seed, signer })
  started.defer(() => plane.retries.stop())
  const server = await createGrpcServer({ methods: plane.methods, listen: listenOf(settings), observer })
  started.defer(() => server.drain({ graceMs: settings.TOLLGATE_DRAIN_MS, forceMs }))
  server.setServing(true)
  missing.delete('listener')
  observer.info('ready', { addresses: server.addresses })
  await ended
  missing.add('end of the stop')
  observer.info('stopping')
}

function ticketKeyOf({ TOLLGATE_TICKET_KEY: key }: Settings): Uint8Array | undefined {
  return key === undefined ? undefined : Buffer.from(key, 'utf8')
}

function listenOf(settings: Settings): Listen {
  const { TOLLGATE_GRPC_ADDRESS: tcp, TOLLGATE_DATA_FOLDER: folder } = settings
  const socketPath = settings.TOLLGATE_GRPC_SOCKET ?? join(folder, 'tollgate.sock')
  return { socketPath, ...(tcp && { tcp }) }
}
