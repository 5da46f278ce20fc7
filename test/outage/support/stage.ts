import { join } from 'node:path'
import pg from 'pg'
import { listenerName, meshBootstrap } from '../../../envoy/bootstrap.ts'
import type { Config } from '../../../envoy/config.ts'
import { startEnvoy } from '../../../scripts/servers/envoy.ts'
import { type RunningRedis, startRedis } from '../../../scripts/servers/redis.ts'
import { createScratchFolder, createSocketFolder } from '../../../scripts/state-folder.ts'
import { bundledPostgresFolder, type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/postgres/embedded.ts'
import { findFreePort } from '../../../src/postgres/free-port.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { addCaller, type Caller, departments, type Posture, standing, untilKnown } from './callers.ts'
import { type Child, startChild } from './child.ts'
import { checkMsMax } from './length.ts'
import { type Origin, startOrigin } from './origin.ts'

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
