import { join } from 'node:path'
import pg from 'pg'
import { startRedis } from '../../../scripts/servers/redis.ts'
import { createScratchFolder, createSocketFolder, rootFolder } from '../../../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../../src/postgres/embedded.ts'
import { findFreePort } from '../../../src/postgres/free-port.ts'
import { benchSecrets, writeBenchPolicy } from './bench-policy.ts'
import { type BenchProcess, cpuMsOf, pin, startPinned } from './processes.ts'

/** The core of the servers that are measured; the load, Redis and PostgreSQL run on the other one. */
const serverCore = 0
const restCore = 1

export interface BenchWorld {
  readonly secrets: readonly string[]
  readonly sql: pg.Client
  readonly redisUrl: string
  readonly databaseUrl: string
  /** Processor time that the server with this gRPC target has taken, in milliseconds; without one, the server that was started last. */
  cpuMs(target?: string): number
  /** Starts a pinned `tollgate serve`, on Redis or on the in-process store; answers its gRPC target. */
  serve(store: 'memory' | 'redis', environment?: Readonly<Record<string, string>>): Promise<string>
  /** Starts grpc-js doing nothing under this path (Check's when absent), pinned alike. */
  serveNothing(path?: string): Promise<string>
  /** Starts fastify doing nothing on a port of 127.0.0.1, pinned alike. */
  serveHttpNothing(port: number): Promise<void>
  stop(): Promise<void>
}

/** V8's helper threads preempt a server on one core: see docs/performance.md for what was measured. `BENCH_V8_FLAGS` tries others. */
export const serveFlags = (process.env['BENCH_V8_FLAGS'] ?? '--single-threaded-gc --max-semi-space-size=32').split(' ')

/** A PostgreSQL with the bench's policy, a Redis, and servers on demand. */
export async function startBenchWorld(tokenCount: number): Promise<BenchWorld> {
  const sockets = createSocketFolder()
  const database = await startEmbeddedPostgres({
    binariesFolder: bundledPostgresFolder,
    dataFolder: createScratchFolder('bench-postgres'),
    fsync: false,
  })
  const redis = await startRedis({ dataFolder: createScratchFolder('bench-redis') })
  await pin(redis.pid, restCore)
  await pin(process.pid, restCore)
  const running: BenchProcess[] = []
  const pids = new Map<string, number>()
  const started = async (starting: Promise<BenchProcess>, target = ''): Promise<void> => {
    const server = await starting
    running.push(server)
    pids.set(target, server.pid)
  }
  const migrate = await startPinned({
    ...{ core: restCore, args: [join(rootFolder, 'src/main.ts'), 'migrate'], ready: /\d/ },
    environment: { DATABASE_URL: database.url },
  })
  await migrate.stop()
  const sql = new pg.Client({ connectionString: database.url })
  await sql.connect()
  const secrets = benchSecrets(tokenCount)
  await writeBenchPolicy(sql, secrets)
  return {
    secrets,
    sql,
    redisUrl: redis.url,
    databaseUrl: database.url,
    cpuMs: (target) => cpuMsOf((target === undefined ? running.at(-1)?.pid : pids.get(target)) ?? 0),
    async serve(store, environment = {}) {
      const socket = join(sockets, `${store}-${running.length}.sock`)
      const ops = `127.0.0.1:${await findFreePort()}`
      const target = `unix:${socket}`
      await started(
        startPinned({
          ...{
            core: serverCore,
            args: [...serveFlags, join(rootFolder, 'src/main.ts'), 'serve'],
            ready: /"event":"ready"/,
          },
          environment: {
            ...{ DATABASE_URL: database.url, TOLLGATE_GRPC_SOCKET: socket, TOLLGATE_OPS_ADDRESS: ops },
            ...(store === 'redis' ? { REDIS_URL: redis.url } : {}),
            ...environment,
          },
        }),
        target,
      )
      return target
    },
    async serveNothing(path) {
      const socket = join(sockets, 'nothing.sock')
      const target = `unix:${socket}`
      const server = join(import.meta.dirname, 'baseline-server.ts')
      const args = [...serveFlags, server, socket, ...(path === undefined ? [] : [path])]
      await started(startPinned({ core: serverCore, args, ready: /^ready$/ }), target)
      return target
    },
    async serveHttpNothing(port) {
      const args = [...serveFlags, join(import.meta.dirname, 'baseline-http.ts'), String(port)]
      await started(startPinned({ core: serverCore, args, ready: /^ready$/ }))
    },
    async stop() {
      for (const server of running.reverse()) await server.stop()
      await sql.end()
      await redis.stop()
      await database.stop()
    },
  }
}
