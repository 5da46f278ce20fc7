import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { createExplain, type Explanation as Explained } from '../check/explain.ts'
import { principalOf } from '../check/identify.ts'
import { createReadStatus } from '../check/status.ts'
import { callerOf, shownExplained, shownStanding } from '../cli/from-check.ts'
import type { CliContext, Explanation, RequestWish, ServeWish } from '../cli/ports.ts'
import { Fault } from '../core/fault.ts'
import type { RequestFacts } from '../core/request.ts'
import { version } from '../core/version.ts'
import { createImportFiles } from '../files/import-files.ts'
import { normalAddress } from '../grpc/caller-address.ts'
import { policyShow } from '../policy/policy-show.ts'
import { faultsOf, type PolicySnapshot } from '../policy/snapshot.ts'
import { createPostgresDescriptorStore } from '../postgres/descriptor-store.ts'
import { createPostgresDirectory } from '../postgres/directory.ts'
import { migrate } from '../postgres/migrate.ts'
import { createPostgresRefusalReader } from '../postgres/refusal-reader.ts'
import { createPostgresReportReader } from '../postgres/report-reader.ts'
import { restored } from '../postgres/restored.ts'
import { seedDemo, seedPlans } from '../postgres/seeds.ts'
import { createPostgresUsageReader } from '../postgres/usage-reader.ts'
import { readSettings, type Settings } from '../settings.ts'
import { createObserver } from '../telemetry/create-observer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createAdminTools } from './admin-tools.ts'
import { createChannelTools } from './channel-tools.ts'
import { createWindows } from './check-room.ts'
import { type CommandTools, createCommandTools } from './command-tools.ts'
import { envoyConfigOf } from './envoy-config.ts'
import { examineAll } from './examine.ts'
import { createPackTools } from './pack-tools.ts'
import { createOperatorsRequestTools } from './request-tools.ts'
import { serve } from './serve.ts'
import { supervise } from './supervise.ts'
import { supervisedBy } from './supervisor-link.ts'

const lookMsMax = 5_000
const inFlightMax = 20

/** Everything the commands can do, each part built when it is first asked for. */
export function createCommandLine(environment: Readonly<Record<string, string | undefined>>): CliContext {
  let tools: CommandTools | undefined
  const open = (): CommandTools => {
    tools ??= createCommandTools(readSettings(environment))
    return tools
  }
  return {
    version,
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    readLine,
    serve: (wish) => serveAs(wish, environment),
    migrate: async () => migrate(await open().databaseUrl()),
    seedDemo: async () => seedDemo(await open().pool()),
    seedPlans: async () => seedPlans(await open().pool()),
    packs: async () => createPackTools(await open().pool()),
    admin: async () => createAdminTools(await open().pool()),
    importFiles: async () => createImportFiles(process.stdin),
    ending: endingSignal,
    descriptors: async () => createPostgresDescriptorStore(await open().pool()),
    latestDescriptors: async () => createPostgresDescriptorStore(await open().latestPool()),
    log: () => logOf(readSettings(environment)),
    requests: async () => createOperatorsRequestTools(open()),
    channels: async () => createChannelTools({ settings: readSettings(environment), pool: await open().pool() }),
    manage: async () => ({ directory: createPostgresDirectory(await open().pool()), randomBytes }),
    policyCheck: async () => {
      const snapshot = await open().snapshot()
      const problems = faultsOf(snapshot).map(({ table, id, reasons, inForce }) => ({
        table,
        key: id,
        reason: reasons.join('; '),
        inForce,
      }))
      return { version: snapshot.version, problems }
    },
    policyShow: async () => policyShow(await open().snapshot()),
    quotaStatus: ({ account }) => quotaStatus(open(), account),
    explain: (wish) => explain(open(), wish),
    refusals: async () => createPostgresRefusalReader(await open().pool()),
    usage: async () => createPostgresUsageReader(await open().pool()),
    report: async () => createPostgresReportReader(await open().pool()),
    envoyConfig: async (wish) =>
      envoyConfigOf(wish, { settings: readSettings(environment), snapshot: await open().snapshot() }),
    examine: (wish) => examineAll(wish, { settings: readSettings(environment), tools: open() }),
    restored: async () => {
      const restoration = await restored(await open().pool())
      // The books are others than those that warm counters were seeded from.
      await open().renewCounters()
      return restoration
    },
    close: async () => tools?.close(),
  }
}

/** As `serve` logs: a line of JSON for each event, with its time. */
function logOf({ TOLLGATE_LOG_LEVEL: level }: Settings): Pick<Observer, 'info' | 'warn'> {
  return createObserver({ log: createLog({ level }), metrics: createMetrics(), nowMs: Date.now })
}

/** For commands that run until they are told to stop. */
function endingSignal(): AbortSignal {
  const ending = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())
  return ending.signal
}

function serveAs(
  { roles, processes = 1 }: ServeWish,
  given: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { name, environment } = supervisedBy(given)
  const settings = readSettings({ ...environment, ...(roles !== undefined && { TOLLGATE_ROLES: roles }) })
  if (processes > 1) return supervise({ settings, environment, processes })
  return serve({ settings, environment, ...(name !== undefined && { process: name }) })
}

async function quotaStatus(tools: CommandTools, account: string): ReturnType<CliContext['quotaStatus']> {
  const snapshot = await tools.snapshot()
  const principal = principalOf(snapshot, { account })
  if (principal === undefined) throw new Fault('not_found', `There is no account ${account}`)
  const read = createReadStatus({ look: await tools.look(), windowsAt: createWindows() })
  const standings = await read({ principal, address: 'unknown', snapshot, notAfterMs: Date.now() + lookMsMax })
  if (standings === undefined) throw new Fault('store_unavailable', 'The spend store does not answer')
  return {
    caller: callerOf(principal),
    limits: standings.map((limit) => shownStanding(limit, principal.account.timeZone)),
  }
}

async function explain(tools: CommandTools, wish: RequestWish): ReturnType<CliContext['explain']> {
  const address = normalAddress(wish.address)
  if (address === '') throw new Fault('not_valid', `${wish.address} is not an IP address`)
  const snapshot = await tools.snapshot()
  const run = createExplain({
    policy: { current: () => snapshot, isFresh: () => true },
    nowMs: Date.now,
    sizes: { sizeOf: () => wish.sizeBytes, learn: () => undefined },
    downloads: { lastOf: () => undefined, remember: () => undefined, forget: () => undefined },
    heats: await tools.heats(),
    look: await tools.look(),
    windowsAt: createWindows(),
  })
  const explained = await run(factsOf({ ...wish, address }))
  if (explained === undefined) throw new Fault('policy_unavailable', 'There is no policy yet')
  const shown = { ...shownExplained(explained), ...(await inFlightOf(tools, explained)) }
  return shown.reason === 'unknown_upstream' ? { ...shown, because: upstreamsOf(snapshot) } : shown
}

async function inFlightOf(tools: CommandTools, { assessment }: Explained): Promise<Pick<Explanation, 'inFlight'>> {
  const exam = await tools.exam()
  if (exam === undefined || !('principal' in assessment) || assessment.principal === undefined) return {}
  const { id, partition } = assessment.principal.account
  try {
    return { inFlight: await exam.pending({ kind: 'account', id, partition }, inFlightMax) }
  } catch (error) {
    // The verdict says already that the store is away.
    if (error instanceof Fault && error.code === 'store_unavailable') return {}
    throw error
  }
}

function upstreamsOf({ state }: PolicySnapshot): string {
  const ids = [...state.tables.upstream.inForce.values()].map(({ id }) => id)
  return ids.length === 0 ? 'There is no upstream yet' : `Name one by --upstream: ${ids.sort().join(', ')}`
}

function factsOf({ token, method, path, host = '', upstream, address }: RequestWish): RequestFacts {
  const headers = new Map(token === undefined ? [] : [['authorization', `Bearer ${token}`]])
  return {
    method,
    host,
    target: path,
    headers,
    address,
    requestId: 'explain',
    ...(upstream !== undefined && { upstream }),
  }
}

async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
  }
}
