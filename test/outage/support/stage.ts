import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { listenerName, meshBootstrap } from '../../../envoy/bootstrap.ts'
import type { Config } from '../../../envoy/config.ts'
import { startEnvoy } from '../../../scripts/servers/envoy.ts'
import { type RunningRedis, startRedis } from '../../../scripts/servers/redis.ts'
import { createScratchFolder, createSocketFolder, rootFolder } from '../../../scripts/state-folder.ts'
import { makeTokenText } from '../../../src/core/token-text.ts'
import { bundledPostgresFolder, type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/postgres/embedded.ts'
import { findFreePort } from '../../../src/postgres/free-port.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { type ServerProcess, startServerProcess } from '../../../src/postgres/server-process.ts'
import type { FailPoint } from '../../support/fail-points.ts'
import type { ChildOrders } from '../../support/failpoint-child.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { checkMsMax } from './length.ts'
import { type Origin, startOrigin } from './origin.ts'

export type Posture = 'deny' | 'allow' | 'local'

/** Who asks in one trial: an account of its own, so that its books can be read by themselves. */
export interface Caller {
  readonly account: string
  readonly token: string
  readonly department: string
}

export interface Child {
  readonly pid: number
  /** Its signal-less exit code; undefined when it was killed. */
  readonly ended: Promise<number | undefined>
  /** Ends itself the `times`-th time it reaches the point from now. */
  arm(point: FailPoint, times: number): Promise<void>
  /** What it counted and measured. */
  told(): Promise<{
    readonly counts: Readonly<Record<string, number>>
    readonly gauges: Readonly<Record<string, number>>
  }>
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts on what it had written before. */
export interface Server {
  kill(): Promise<void>
  start(): Promise<void>
}

/** Real servers, each behind a wire that can be spoilt, and the shipped Tollgate behind a real Envoy. Everything ends with it. */
export interface Stage extends AsyncDisposable {
  readonly baseUrl: string
  readonly redisUrl: string
  readonly keyPrefix: string
  readonly pool: pg.Pool
  readonly redisWire: TcpProxy
  readonly postgresWire: TcpProxy
  readonly logFile: string
  /** The Tollgate that Envoy asks. */
  tollgate(): Child
  /** Starts it anew, after its end. */
  startTollgate(): Promise<void>
  /** A second process on the same stores, for background roles; Envoy does not know it. */
  startLedger(): Promise<Child>
  redis(): RunningRedis
  readonly servers: Record<'redis' | 'postgres', Server>
  /** As gRPC writes it. */
  readonly address: string
  /** Resolves when Tollgate knows it. */
  caller(posture: Posture): Promise<Caller>
  /** One that Tollgate may not know yet, and whose counters no store ever held. */
  newcomer(): Promise<Caller>
  /** A new store process has no counters yet; looking brings the caller's up from the books. */
  warm(caller: Caller): Promise<void>
}

const departments = ['research', 'restoration', 'design', 'finance']

/** Quotas over each quantity and subject that a charge moves, none of which is ever reached. */
const policy = `
  INSERT INTO tollgate.plan (id) VALUES ('deny'), ('allow'), ('local');
  INSERT INTO tollgate.department (id) SELECT unnest('{${departments.join()}}'::text[]);
  INSERT INTO tollgate.project (id, department) SELECT id || '-work', id FROM tollgate.department;
  INSERT INTO tollgate.upstream (id, surface, origin_url, grammar) VALUES ('mirror', 'pypi', 'http://127.0.0.1:1', 'pypi');
  INSERT INTO tollgate.price_rule (id, surface, kind, base_credits, assumed_bytes) VALUES ('file', 'pypi', 'artifact', 1, 2000000);
  INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('file', 0, 1);
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone, posture, applies_to_plan)
  SELECT posture || '-' || per || '-' || counts, per || '-' || counts, 'quota', counts, per, 1000000000, 'day', 'UTC', posture, posture
    FROM (VALUES ('account', 'credits'), ('account', 'bytes'), ('project', 'requests'), ('department', 'credits'), ('everyone', 'credits')) AS limits (per, counts)
   CROSS JOIN (SELECT id AS posture FROM tollgate.plan) AS plans;
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, burst, every, posture, applies_to_plan)
  SELECT id || '-rate', 'rate', 'rate', 'requests', 'account', 5000, 50000, '1 second', id, id FROM tollgate.plan`

export interface StageOptions {
  /** Redis keeps each write over a kill, and the ledger goes in small steps; else both as in life. */
  readonly isExact: boolean
}

export async function startStage({ isExact }: StageOptions): Promise<Stage> {
  await using started = new AsyncDisposableStack()
  const folder = createScratchFolder('outage')
  const logFile = join(folder, 'tollgate.log')
  const servers = await startServers(started, { isExact })
  const { pool, redisWire, postgresWire, databaseUrl } = servers
  await migrate(databaseUrl(servers.postgresPort))
  await pool.query(policy)
  const origin = await startOrigin()
  started.defer(() => origin.stop())
  const socket = join(createSocketFolder(), 'tollgate.sock')
  const environment = {
    DATABASE_URL: databaseUrl(postgresWire.port),
    REDIS_URL: `redis://127.0.0.1:${redisWire.port}`,
    TOLLGATE_KEY_PREFIX: 'outage',
    TOLLGATE_DRAIN_MS: '0',
    TOLLGATE_CHECK_MS_MAX: String(checkMsMax),
  }
  const children: Child[] = []
  started.defer(async () => {
    await Promise.all(children.map((child) => child.kill()))
  })
  const start = async (name: string, more: Readonly<Record<string, string>>): Promise<Child> => {
    const data = { TOLLGATE_DATA_FOLDER: join(folder, name) }
    const orders = {
      environment: { ...environment, ...data, ...more },
      reservationMs: isExact ? 1_500 : 10_000,
      isSteppedSmall: isExact,
      controlPort: await findFreePort(),
    }
    const child = await startChild(orders, logFile)
    children.push(child)
    return child
  }
  let tollgate = await start('data', { TOLLGATE_GRPC_SOCKET: socket })
  const envoy = await startMesh({ folder, socket, origin })
  started.defer(() => envoy.stop())
  const baseUrl = `http://127.0.0.1:${envoy.ports[listenerName]}`
  const stack = started.move()
  let made = 0
  const next = (): number => {
    made += 1
    return made
  }
  return {
    ...{ pool, redisWire, postgresWire, logFile },
    baseUrl,
    redisUrl: servers.redis().url,
    keyPrefix: 'outage:',
    tollgate: () => tollgate,
    async startTollgate() {
      tollgate = await start('data', { TOLLGATE_GRPC_SOCKET: socket })
    },
    startLedger: () => start('ledger', { TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'ledger.sock') }),
    redis: servers.redis,
    servers: servers.servers,
    address: `unix:${socket}`,
    async caller(posture) {
      const caller = await addCaller(pool, posture, next())
      await untilKnown(baseUrl, caller)
      return caller
    },
    newcomer: () => addCaller(pool, 'deny', next()),
    warm: async (caller) => void (await standing(baseUrl, caller)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function startServers(started: AsyncDisposableStack, { isExact }: StageOptions) {
  const [redisFolder, postgresFolder] = [createScratchFolder('redis'), createScratchFolder('postgres')]
  const postgresOptions = { binariesFolder: bundledPostgresFolder, dataFolder: postgresFolder, fsync: true }
  const redisOptions = {
    dataFolder: redisFolder,
    appendOnly: true,
    args: ['--appendfsync', isExact ? 'always' : 'everysec'],
  }
  let redis = await startRedis(redisOptions)
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres(postgresOptions)
  started.defer(async () => {
    await Promise.all([redis.kill(), postgres.kill()])
  })
  const [redisWire, postgresWire] = [await startTcpProxy(redis.port), await startTcpProxy(postgres.port)]
  started.defer(async () => {
    await Promise.all([redisWire.stop(), postgresWire.stop()])
  })
  const databaseUrl = (port: number): string => {
    const url = new URL(postgres.url)
    url.port = String(port)
    return url.href
  }
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 })
  pool.on('error', () => undefined)
  started.defer(() => pool.end())
  return {
    ...{ pool, redisWire, postgresWire, databaseUrl },
    postgresPort: postgres.port,
    redis: () => redis,
    servers: {
      redis: {
        kill: () => redis.kill(),
        async start() {
          redis = await startRedis({ ...redisOptions, port: redis.port })
        },
      },
      postgres: {
        kill: () => postgres.kill(),
        async start() {
          postgres = await startEmbeddedPostgres({ ...postgresOptions, port: postgres.port })
        },
      },
    },
  }
}

function startMesh({ folder, socket, origin }: { folder: string; socket: string; origin: Origin }) {
  const config = meshBootstrap({
    listener: { host: '127.0.0.1', port: 0 },
    tollgateSockets: [socket],
    upstreams: [{ id: 'mirror', prefix: '/', address: { host: '127.0.0.1', port: origin.port } }],
    authorizeMsMax: 1_000,
  })
  return startEnvoy({ config: oftenLogged(config), scratchFolder: folder })
}

/** Reservations are shorter here than in life, so what is under way must be told more often too. */
function oftenLogged(config: Config): Config {
  const text = JSON.stringify(config)
  const often = text.replace(/"access_log_flush_interval":"\d+s"/, '"access_log_flush_interval":"0.5s"')
  if (often === text) throw new Error('The bootstrap does not say how often requests under way are logged')
  return JSON.parse(often) as Config
}

const readyMsMax = 30_000

async function startChild(orders: ChildOrders, logFile: string): Promise<Child> {
  const server = await startServerProcess({
    binary: process.execPath,
    args: ['test/support/failpoint-child.ts', JSON.stringify(orders)],
    workingFolder: rootFolder,
    stopSignal: 'SIGTERM',
    logFile,
  })
  appendFileSync(logFile, `--- started ${server.pid}\n`)
  const url = `http://127.0.0.1:${orders.controlPort}`
  await untilReady(server, url)
  return {
    pid: server.pid,
    ended: server.ended,
    async arm(point, times) {
      const query = new URLSearchParams({ point, times: String(times) })
      await (await fetch(`${url}/arm?${query}`)).text()
    },
    told: async () => (await fetch(`${url}/`)).json() as ReturnType<Child['told']>,
    kill: server.kill,
    stop: () => server.stop(),
  }
}

async function untilReady(server: ServerProcess, url: string): Promise<void> {
  const deadlineMs = performance.now() + readyMsMax
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const reply = await fetch(`${url}/ready`).catch(() => undefined)
    await reply?.text()
    if (reply?.ok) return
    await delay(20)
  }
  await server.kill()
  throw new Error(`Tollgate did not become ready: ${server.log().trim().split('\n').slice(-8).join('\n')}`)
}

async function addCaller(pool: pg.Pool, posture: Posture, index: number): Promise<Caller> {
  const department = departments[index % departments.length] ?? ''
  const account = `caller-${index}`
  const token = makeTokenText(randomBytes)
  const digest = createHash('sha256').update(token).digest('hex')
  await pool.query('INSERT INTO tollgate.account (id, project, plan) VALUES ($1, $2, $3)', [
    account,
    `${department}-work`,
    posture,
  ])
  await pool.query(
    `INSERT INTO tollgate.token (id, account, digest, hint, expires_at) VALUES ($1, $1, $2, 'tg_test', now() + interval '1 day')`,
    [account, digest],
  )
  return { account, token, department }
}

/** The status of a caller's own standing. */
async function standing(baseUrl: string, { token }: Caller): Promise<number> {
  const reply = await fetch(`${baseUrl}/quota/status`, { headers: { authorization: `Bearer ${token}` } })
  await reply.text()
  return reply.status
}

const knownMsMax = 5_000

async function untilKnown(baseUrl: string, caller: Caller): Promise<void> {
  const deadlineMs = performance.now() + knownMsMax
  for (let status = 0; status !== 200; ) {
    status = await standing(baseUrl, caller)
    if (performance.now() > deadlineMs)
      throw new Error(`${caller.account} is answered ${status} after ${knownMsMax} ms`)
    if (status !== 200) await delay(10)
  }
}
