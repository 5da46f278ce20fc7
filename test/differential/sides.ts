import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { startRatelimit } from '../../scripts/servers/ratelimit.ts'
import { type RunningRedis, startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder, createSocketFolder, rootFolder } from '../../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { findFreePort } from '../../src/postgres/free-port.ts'
import { startServerProcess } from '../../src/postgres/server-process.ts'
import { createRateLimitClient, type RateLimitClient } from './rate-limit-client.ts'

const run = promisify(execFile)
const commandMsMax = 120_000
const startMsMax = 30_000
const applyMsMax = 20_000

/** File name without ending → YAML, one domain each. */
export type Files = Readonly<Record<string, string>>

/** A rate limit service that takes the reference's configuration. */
export interface Side extends AsyncDisposable {
  /** Loads these files in place of those before, and answers when they are in force. */
  load(files: Files): Promise<RateLimitClient>
  /** Its Redis stands still meanwhile: connections stay, and nothing is answered. */
  whileStoreIsSilent<Result>(run: () => Promise<Result>): Promise<Result>
}

/** The reference: a new process for each load, all on one Redis of its own. */
export async function startReferenceSide(binary: string): Promise<Side> {
  const redis = await startRedis({ dataFolder: createScratchFolder('differential-reference') })
  let stopLast = async (): Promise<void> => undefined
  return {
    async load(files) {
      await stopLast()
      const scratchFolder = createScratchFolder('differential-ratelimit')
      const server = await startRatelimit({ binary, scratchFolder, files, redisAddress: `127.0.0.1:${redis.port}` })
      const client = createRateLimitClient(server.address)
      stopLast = async () => {
        client.close()
        await server.stop()
      }
      return client
    },
    whileStoreIsSilent: silencing(redis),
    async [Symbol.asyncDispose]() {
      await stopLast()
      await redis.stop()
    },
  }
}

/** Tollgate as it is served, on PostgreSQL and Redis; files come in by `policy import ratelimit`. */
export async function startTollgateSide(): Promise<Side> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startEmbeddedPostgres({
    ...{
      binariesFolder: bundledPostgresFolder,
      dataFolder: createScratchFolder('differential-postgres'),
      fsync: false,
    },
  })
  stack.defer(() => postgres.stop())
  const redis = await startRedis({ dataFolder: createScratchFolder('differential-tollgate') })
  stack.defer(() => redis.stop())
  const environment = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
  await tollgate(environment, ['migrate'])
  const address = await serve(stack, environment)
  const sql = new pg.Client({ connectionString: postgres.url })
  await sql.connect()
  stack.defer(() => sql.end())
  const client = createRateLimitClient(address)
  stack.defer(async () => client.close())
  const moved = stack.move()
  let loads = 0
  return {
    async load(files) {
      const folder = createScratchFolder('differential-files')
      loads += 1
      const sentinel = `loaded-${loads}`
      for (const [name, text] of Object.entries({ ...files, [sentinel]: sentinelOf(sentinel) })) {
        writeFileSync(join(folder, `${name}.yaml`), text)
      }
      await tollgate(environment, ['policy', 'import', 'ratelimit', '--as-reference', '--prune', folder])
      await untilInForce(client, sentinel)
      return client
    },
    whileStoreIsSilent: silencing(redis),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

function silencing({ pid }: RunningRedis): Side['whileStoreIsSilent'] {
  return async (run) => {
    process.kill(pid, 'SIGSTOP')
    try {
      return await run()
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  }
}

function sentinelOf(domain: string): string {
  return `domain: ${domain}\ndescriptors:\n  - key: loaded\n    rate_limit: { unit: year, requests_per_unit: 1000 }\n`
}

/** One commit comes into force as a whole, so what the last file brings tells of all. */
async function untilInForce(client: RateLimitClient, sentinel: string): Promise<void> {
  const request = { domain: sentinel, descriptors: [{ entries: [{ key: 'loaded', value: '' }] }] }
  const endMs = performance.now() + applyMsMax
  while (performance.now() < endMs) {
    const outcome = await client.ask(request)
    if ('answer' in outcome && outcome.answer.statuses[0]?.currentLimit) return
    await delay(10)
  }
  throw new Error(`What was imported is not in force after ${applyMsMax} ms`)
}

type Environment = Readonly<Record<string, string>>

async function tollgate(environment: Environment, args: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], ...environment }
  const options = { env, timeout: commandMsMax, maxBuffer: 64_000_000 }
  const { stdout } = await run(process.execPath, [join(rootFolder, 'src/main.ts'), ...args], options)
  return stdout
}

async function serve(stack: AsyncDisposableStack, environment: Environment): Promise<string> {
  const socket = join(createSocketFolder(), 'tollgate.sock')
  const dataFolder = createScratchFolder('differential-data')
  mkdirSync(dataFolder, { recursive: true })
  const server = await startServerProcess({
    binary: process.execPath,
    args: ['--single-threaded-gc', '--max-semi-space-size=32', join(rootFolder, 'src/main.ts'), 'serve'],
    workingFolder: dataFolder,
    stopSignal: 'SIGTERM',
    environment: {
      ...environment,
      ...{ TOLLGATE_GRPC_SOCKET: socket, TOLLGATE_OPS_ADDRESS: `127.0.0.1:${await findFreePort()}` },
      ...{ TOLLGATE_ROLES: 'none', TOLLGATE_UNBOOKED: 'true', TOLLGATE_DATA_FOLDER: dataFolder },
      // What is compared is what was counted, also on a machine that has no time.
      TOLLGATE_CHECK_MS_MAX: '5000',
    },
  })
  stack.defer(() => server.stop())
  const endMs = performance.now() + startMsMax
  while (!/"event":"ready"/.test(server.log())) {
    if (server.hasEnded() || performance.now() > endMs) throw new Error(`Tollgate did not start: ${server.log()}`)
    await delay(20)
  }
  return `unix:${socket}`
}
