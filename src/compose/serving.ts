import { join } from 'node:path'
import { createTicketSigner } from '../check/ticket.ts'
import { Fault } from '../core/fault.ts'
import { createSealedFile } from '../files/sealed-file.ts'
import type { JsonRateLimit } from '../grpc/json-rate-limit.ts'
import { createGrpcServer, type Listen, type ListenTls } from '../grpc/server.ts'
import { endedGrantsKeptMs } from '../policy/ended-grants.ts'
import { createPolicyKeeper, type PolicyKeeper } from '../policy/keeper.ts'
import type { CopyOptions } from '../policy/policy-copy.ts'
import { migrate } from '../postgres/migrate.ts'
import { createPostgresPolicyDatabase } from '../postgres/policy-database.ts'
import { createPool } from '../postgres/pool.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { startAlerts } from './alerts.ts'
import type { Between } from './between.ts'
import { startBooks } from './books.ts'
import { sourceOf } from './check-room.ts'
import { clock } from './clock.ts'
import { makeDataFolder } from './data-folder.ts'
import { openDatabase } from './database.ts'
import { holdMsMaxOf } from './hold-ms-max.ts'
import { readInstall } from './install.ts'
import { startLearning } from './learning.ts'
import { startLevels } from './levels.ts'
import { createPlane, type Plane } from './plane.ts'
import { startPortal } from './portal.ts'
import { startRefusals } from './refusals.ts'
import { startPackSettling } from './settle-packs.ts'
import { startUpkeep } from './upkeep.ts'
import { createUpstreamCredentials } from './upstream-credentials.ts'
import { startWatch } from './watch.ts'

const forceMs = 2_000
const credentialsMsMax = 2_000
const dayMs = 86_400_000

export interface Serving {
  readonly settings: Settings
  /** Where upstream credentials named `env:` come from. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly observer: Observer
  /** What `/readyz` names; emptied as the start goes on. */
  readonly missing: Set<string>
  /** What `/readyz` says beside `ready`. */
  readonly warnings?: Set<string>
  /** Aborted to end the process, from outside or from in here; with a `Fault` when it cannot go on. */
  readonly ending: AbortController
  /** One of several that a supervisor started: they share the public port. */
  readonly isSupervised?: boolean
  /** Only tests. */
  readonly between?: Between
}

export interface Served {
  /** As gRPC clients write them. */
  readonly addresses: readonly string[]
  readonly policy: PolicyKeeper
  /** Rate limit calls over HTTP, for the ops listener. */
  readonly json: JsonRateLimit
  /** Where the API is served, if it is. */
  readonly portal?: { readonly host: string; readonly port: number }
}

/**
 * Builds from the database outwards and answers when Envoy is served. What is deferred on the stack is undone in reverse order: the listener
 * drains first, the books are finished after it, the database goes last.
 */
export async function startServing(started: AsyncDisposableStack, serving: Serving): Promise<Served> {
  const { settings, observer, missing } = serving
  makeDataFolder(settings.TOLLGATE_DATA_FOLDER)
  const { warnings = new Set<string>() } = serving
  const onLost = (fault: Fault): void => serving.ending.abort(fault)
  const database = await openDatabase(settings, { observer, warnings, onLost })
  started.defer(() => database.close())
  if (database.isEmbedded) await migrate(database.url, observer)
  const pool = createPool(database.url, (error) => observer.warn('database_connection_lost', { error }))
  started.defer(() => pool.end())
  const install = await readInstall({ ...serving, pool, warnings })
  missing.delete('database')
  const policy = await startPolicy(started, { ...serving, databaseUrl: database.url })
  missing.delete('policy')
  const { store, hits, seed, presence, hints, drain, ledgerCaughtUpMsAgo, warmUp } = await startBooks(started, {
    ...serving,
    database,
    pool,
    policy: () => policy.current(),
    isDatabaseAway: install.isCopy,
    ...(install.installation && { installation: install.installation }),
    onLockTaken: () => stopForAnother(serving),
    holdMsMax: () => holdMsMaxOf(policy.current()),
  })
  const { heats } = startUpkeep(started, { ...serving, pool })
  const seen = { store, seed, policy: sourceOf(policy), databaseUrl: database.url }
  startAlerts(started, { ...serving, ...seen })
  startWatch(started, { ...serving, pool, policy, ledgerCaughtUpMsAgo })
  if (settings.TOLLGATE_ROLES.includes('ledger'))
    startSettling(started, { pool, observer, drain, policy, nowMs: () => store.nowMs() })
  if (!install.isCopy) await warmUp(departmentPartitions(policy))
  const signer = createTicketSigner(install.ticketKey)
  const credentialOf = await startCredentials(started, { ...serving, policy })
  const learning = await startLearning(started, { hints, credentialOf, observer })
  const { onRefused } = startRefusals(started, { ...serving, pool, policy: policy.current, nowMs: () => store.nowMs() })
  const plane = await createPlane(started, {
    onRefused,
    learning,
    ...serving,
    ...{ store, hits, seed },
    policy: sourceOf(policy),
    signer,
    credentialOf,
    heats,
    onBroke: presence.streamBroke,
    processes: presence.processes,
  })
  const server = await serveEnvoy(started, { plane, serving })
  const portal = await startPortal(started, { ...serving, ...seen })
  server.setServing(true)
  missing.delete('listener')
  return { addresses: server.addresses, policy, json: plane.json, ...(portal && { portal }) }
}

/** What the books owe beside the charges: levels when the policy changes, and what packs have paid. */
function startSettling(
  started: AsyncDisposableStack,
  given: Omit<Parameters<typeof startPackSettling>[1], 'policy'> & { readonly policy: PolicyKeeper },
): void {
  startLevels(started, given)
  startPackSettling(started, { ...given, policy: given.policy.current })
}

async function serveEnvoy(
  started: AsyncDisposableStack,
  { plane, serving }: { readonly plane: Plane; readonly serving: Serving },
): Promise<Awaited<ReturnType<typeof createGrpcServer>>> {
  const { settings, observer, between, warnings = new Set() } = serving
  const methods = plane.methods.map((method) => between?.method?.(method) ?? method)
  const server = await createGrpcServer({ methods, listen: listenOf(settings, warnings), observer })
  started.defer(() => server.drain({ graceMs: settings.TOLLGATE_DRAIN_MS, forceMs }))
  started.defer(() => plane.endHolds())
  return server
}

function stopForAnother({ observer, ending }: Serving): void {
  const fault = new Fault('already_running', 'Another Tollgate counts in process on this database now: this one stops')
  observer.warn('lock_taken', { reason: fault.message })
  ending.abort(fault)
}

async function startPolicy(
  started: AsyncDisposableStack,
  {
    settings,
    observer,
    missing,
    warnings = new Set(),
    ending,
    databaseUrl,
  }: Serving & { readonly databaseUrl: string },
): Promise<PolicyKeeper> {
  const database = createPostgresPolicyDatabase({ databaseUrl })
  const unusable: string[] = []
  const copy = copyOf(settings, (reason) => {
    unusable.push(reason)
    missing.add(reason)
  })
  const keeper = createPolicyKeeper({ database, observer, clock, endedGrantsKeptMs, ...(copy && { copy }) })
  started.defer(() => keeper.stop())
  const ended = Promise.withResolvers<never>()
  const onEnd = (): void => ended.reject(new Error('Stopped while waiting for the policy'))
  ending.signal.addEventListener('abort', onEnd)
  await Promise.race([keeper.ready, ended.promise])
  ending.signal.removeEventListener('abort', onEnd)
  for (const reason of unusable) missing.delete(reason)
  if (keeper.status().ageMs === undefined) warnUntilRead(keeper, warnings)
  return keeper
}

/** Reads the files before the first Check, unless they take long; then after each change of the policy. */
async function startCredentials(
  started: AsyncDisposableStack,
  { environment, observer, policy }: Serving & { readonly policy: PolicyKeeper },
): Promise<(reference: string) => string | undefined> {
  const upstreams = () => policy.current()?.state.tables.upstream.inForce.values() ?? []
  const credentials = createUpstreamCredentials({ environment, upstreams, observer })
  started.defer(() => credentials.stop())
  started.defer(policy.onChange(() => void credentials.refresh()))
  await Promise.race([credentials.refresh(), clock.sleep(credentialsMsMax, AbortSignal.timeout(credentialsMsMax))])
  return credentials.secretOf
}

function departmentPartitions(policy: PolicyKeeper): ReadonlySet<number> {
  const departments = policy.current()?.state.tables.department.inForce.values() ?? []
  return new Set([...departments].map(({ partition }) => partition))
}

/** The first reading after a copy is a whole one, so it is a change. */
function warnUntilRead(policy: PolicyKeeper, warnings: Set<string>): void {
  const sentence = `The policy in force is the copy on disk, version ${policy.status().version}`
  warnings.add(sentence)
  const unsubscribe = policy.onChange(() => {
    warnings.delete(sentence)
    unsubscribe()
  })
}

const copyName = 'policy.copy'

function copyOf(settings: Settings, onUnusable: (reason: string) => void): CopyOptions | undefined {
  const { TOLLGATE_DATA_FOLDER: folder, TOLLGATE_POLICY_COPY_DAYS_MAX: days } = settings
  return days === 0
    ? undefined
    : { lines: createSealedFile({ folder, name: copyName }), ageMsMax: days * dayMs, onUnusable }
}

function listenOf(settings: Settings, warnings: Set<string>): Listen {
  const { TOLLGATE_GRPC_ADDRESS: tcp, TOLLGATE_DATA_FOLDER: folder } = settings
  const socketPath = settings.TOLLGATE_GRPC_SOCKET ?? join(folder, 'tollgate.sock')
  const tls = tlsOf(settings, warnings)
  return { socketPath, ...(tcp && { tcp: { ...tcp, ...(tls && { tls }) } }) }
}

function tlsOf(settings: Settings, warnings: Set<string>): ListenTls | undefined {
  const { TOLLGATE_GRPC_TLS_CERT: cert, TOLLGATE_GRPC_TLS_KEY: key, TOLLGATE_GRPC_CLIENT_CA: clientCa } = settings
  if (cert === undefined || key === undefined) return undefined
  const files = { cert, key, ...(clientCa !== undefined && { clientCa }) }
  return { files, clientNames: settings.TOLLGATE_GRPC_CLIENT_NAMES, warnings, nowMs: Date.now }
}
