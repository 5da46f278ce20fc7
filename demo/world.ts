import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { listenerName, meshBootstrap } from '../envoy/bootstrap.ts'
import type { Config } from '../envoy/config.ts'
import { type RunningEnvoy, startEnvoy } from '../scripts/servers/envoy.ts'
import { createSocketFolder } from '../scripts/state-folder.ts'
import { socketPaths } from '../src/compose/sockets.ts'
import { endClient } from '../src/postgres/end-client.ts'
import { readSettings } from '../src/settings.ts'
import type { CommandResult } from './command.ts'
import { startGpu } from './gpu.ts'
import { createInstallers, type Installers } from './installers.ts'
import { type DemoUpstream, startMirror } from './mirror.ts'
import type { Wheel } from './packages/wheel.ts'
import { type RunningTollgate, runTollgate, serveTollgate, type Variables } from './tollgate.ts'

export interface WorldOptions {
  /** Takes configurations, logs and the installers' files. */
  readonly folder: string
  /** A database without Tollgate's schema, or with it. */
  readonly databaseUrl: string
  /** Takes Tollgate's log; one in `folder` when absent. */
  readonly logFile?: string
  /** Absent: the in-process store. */
  readonly redisUrl?: string
  /** One when absent, without a supervisor. */
  readonly processes?: number
  /** Further settings of Tollgate. */
  readonly settings?: Variables
  /** How long Envoy waits for a Check; 1,000 when absent, since a demo may share its two cores with anything. */
  readonly authorizeMsMax?: number
  /** The domain of Envoy's rate limit filter; without one when absent. */
  readonly rateLimitDomain?: string
  /** Changes Envoy's configuration before it starts. */
  readonly mesh?: (config: Config) => Config
  /** What the mirror has; the demo's packages when absent. */
  readonly wheels?: readonly Wheel[]
}

export type Row = Readonly<Record<string, unknown>>

/** Everything that runs: Tollgate behind Envoy, the mirror, the GPU server, and the installers that call them. */
export interface World {
  /** Envoy's, `http://127.0.0.1:PORT`. */
  readonly baseUrl: string
  readonly settings: Variables
  readonly folder: string
  readonly logFile: string
  readonly tollgate: RunningTollgate
  readonly envoy: RunningEnvoy
  readonly mirror: DemoUpstream
  readonly gpu: DemoUpstream
  readonly installers: Installers
  /** An index URL that carries a token as installers are told to. */
  indexUrl(token: string | undefined): string
  /** One statement, committed when this resolves. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** An operator's command. */
  run(...args: readonly string[]): Promise<CommandResult>
  /** A new token's secret, by `tollgate token issue`. */
  issueToken(account: string): Promise<string>
  /** Ends all of it; the database and Redis are the caller's. */
  stop(): Promise<void>
}

/** The account's policy and demo rows are put in place as an operator would: `tollgate migrate`, `tollgate seed demo`. */
export async function startWorld(options: WorldOptions): Promise<World> {
  mkdirSync(options.folder, { recursive: true })
  await using started = new AsyncDisposableStack()
  const settings = settingsOf(options)
  await mustRun(settings, ['migrate'])
  const logFile = options.logFile ?? join(options.folder, 'tollgate.log')
  const [mirror, gpu, installers, tollgate, client] = await Promise.all([
    keep(started, startMirror(options.wheels)),
    keep(started, startGpu()),
    createInstallers(options.folder),
    keep(started, serveTollgate({ settings, logFile, ...(options.processes && { processes: options.processes }) })),
    connect(started, options.databaseUrl),
    mustRun(settings, ['seed', 'demo']),
  ])
  const envoy = await keep(started, startMesh(options, settings, { mirror, gpu }))
  await nameUpstreams(client, { mirror, gpu })
  const stack = started.move()
  const baseUrl = `http://127.0.0.1:${envoy.ports[listenerName]}`
  return {
    ...{ baseUrl, settings, logFile, folder: options.folder, tollgate, envoy, mirror, gpu, installers },
    indexUrl: (token) => indexUrl(baseUrl, token),
    sql: async (text, values = []) => (await client.query<Row>(text, [...values])).rows,
    run: (...args) => runTollgate(settings, args),
    issueToken: (account) => issueToken(settings, account),
    stop: () => stack.disposeAsync(),
  }
}

function settingsOf(options: WorldOptions): Variables {
  return {
    DATABASE_URL: options.databaseUrl,
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
    TOLLGATE_DATA_FOLDER: join(options.folder, 'data'),
    TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
    TOLLGATE_ASK_AT: '#package-help',
    // As patient as Envoy here: the machine may be busy with anything.
    TOLLGATE_CHECK_MS_MAX: '800',
    // Envoy is ended first, so nothing is left to drain.
    TOLLGATE_DRAIN_MS: '100',
    ...options.settings,
  }
}

/** Ends what was started when the stack is disposed of, in reverse order. */
async function keep<T extends { stop(): Promise<void> }>(stack: AsyncDisposableStack, start: Promise<T>): Promise<T> {
  const server = await start
  stack.defer(() => server.stop())
  return server
}

async function connect(stack: AsyncDisposableStack, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  // A database that goes away cuts it; what is asked after that fails by itself.
  client.on('error', () => undefined)
  await client.connect()
  stack.defer(() => endClient(client))
  return client
}

function startMesh(
  options: WorldOptions,
  settings: Variables,
  upstreams: { readonly mirror: DemoUpstream; readonly gpu: DemoUpstream },
): Promise<RunningEnvoy> {
  const config = meshBootstrap({
    listener: { host: '127.0.0.1', port: 0 },
    tollgateSockets: socketPaths(readSettings(settings), options.processes ?? 1),
    upstreams: [
      { id: 'gpu', prefix: '/gpu/', address: { host: '127.0.0.1', port: upstreams.gpu.port } },
      { id: 'mirror', prefix: '/', address: { host: '127.0.0.1', port: upstreams.mirror.port } },
    ],
    authorizeMsMax: options.authorizeMsMax ?? 1_000,
    ...(options.rateLimitDomain !== undefined && { rateLimitDomain: options.rateLimitDomain }),
  })
  return startEnvoy({ config: options.mesh?.(config) ?? config, scratchFolder: options.folder })
}

/** Where the seed's two upstreams are this time. */
async function nameUpstreams(
  client: pg.Client,
  { mirror, gpu }: { readonly mirror: DemoUpstream; readonly gpu: DemoUpstream },
): Promise<void> {
  const statement = 'UPDATE tollgate.upstream SET mount_path = $2, origin_url = $3 WHERE id = $1'
  await client.query(statement, ['mirror', '', `http://127.0.0.1:${mirror.port}`])
  await client.query(statement, ['gpu', '/gpu', `http://127.0.0.1:${gpu.port}`])
}

function indexUrl(baseUrl: string, token: string | undefined): string {
  const url = new URL('/simple/', baseUrl)
  if (token !== undefined) {
    url.username = '__token__'
    url.password = token
  }
  return url.href
}

async function issueToken(settings: Variables, account: string): Promise<string> {
  const { stdout } = await mustRun(settings, ['token', 'issue', '--account', account, '--output', 'json'])
  const token = /tg_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}/.exec(stdout)?.[0]
  if (token === undefined) throw new Error('tollgate token issue showed no token')
  return token
}

async function mustRun(settings: Variables, args: readonly string[]): Promise<CommandResult> {
  const result = await runTollgate(settings, args)
  if (result.code !== 0) throw new Error(`tollgate ${args.join(' ')} ended with ${result.code}: ${result.text.trim()}`)
  return result
}
