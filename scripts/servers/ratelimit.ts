import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../../src/core/fault.ts'
import { findFreePort } from '../../src/postgres/free-port.ts'
import { type ServerProcess, startServerProcess } from '../../src/postgres/server-process.ts'
import { createSocketFolder } from '../state-folder.ts'
import { type RunningRedis, startRedis } from './redis.ts'

const START_MS_MAX = 15_000
const PORT_ATTEMPTS_MAX = 5

export interface RatelimitOptions {
  /** See `ratelimitBinary`. */
  readonly binary: string
  /** Takes its runtime folder and its Redis's data. */
  readonly scratchFolder: string
  /** Its configuration: file name without ending → YAML, one domain each. */
  readonly files: Readonly<Record<string, string>>
  /** `HOST:PORT`; a Redis of its own when absent, which ends with it. */
  readonly redisAddress?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** envoyproxy/ratelimit as its own process. It ends with this one. */
export interface RunningRatelimit {
  /** As gRPC clients write it. */
  readonly address: string
  /** Its `/json`. */
  readonly httpUrl: string
  readonly pid: number
  /** Its exit code when it has ended, undefined after a signal. Never rejects. */
  readonly ended: Promise<number | undefined>
  hasEnded(): boolean
  /** The end of its log. */
  log(): string
  stop(): Promise<void>
}

/** Starts the reference's server and answers when it is healthy: its configuration is read, its Redis is there. */
export async function startRatelimit(options: RatelimitOptions): Promise<RunningRatelimit> {
  const redis = options.redisAddress === undefined ? await ownRedis(options.scratchFolder) : undefined
  try {
    const server = await startHealthy(options, options.redisAddress ?? `127.0.0.1:${redis?.port}`)
    const stop = async (): Promise<void> => {
      await server.process.stop(2_000)
      await redis?.stop()
    }
    const { pid, ended, hasEnded, log } = server.process
    return { address: server.address, httpUrl: server.httpUrl, pid, ended, hasEnded, log, stop }
  } catch (error) {
    await redis?.stop()
    throw error
  }
}

function ownRedis(scratchFolder: string): Promise<RunningRedis> {
  const dataFolder = join(scratchFolder, 'redis')
  mkdirSync(dataFolder, { recursive: true })
  return startRedis({ dataFolder })
}

interface Healthy {
  readonly process: ServerProcess
  readonly address: string
  readonly httpUrl: string
}

async function startHealthy(options: RatelimitOptions, redisAddress: string): Promise<Healthy> {
  const runtime = writeRuntime(options)
  for (let attempt = 1; ; attempt += 1) {
    const [port, debugPort] = [await findFreePort(), await findFreePort()]
    const socket = join(createSocketFolder(), 'ratelimit.sock')
    const server = await startServerProcess({
      binary: options.binary,
      args: [],
      workingFolder: options.scratchFolder,
      stopSignal: 'SIGTERM',
      environment: {
        ...{ RUNTIME_ROOT: runtime, RUNTIME_SUBDIRECTORY: '', RUNTIME_WATCH_ROOT: 'false' },
        ...{ HOST: '127.0.0.1', PORT: String(port), DEBUG_HOST: '127.0.0.1', DEBUG_PORT: String(debugPort) },
        ...{ GRPC_UDS: socket, REDIS_SOCKET_TYPE: 'tcp', REDIS_URL: redisAddress, DISABLE_STATS: 'true' },
        ...{ USE_STATSD: 'false', LOG_LEVEL: 'warn', HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: 'true' },
        ...options.environment,
      },
    })
    const httpUrl = `http://127.0.0.1:${port}`
    if (await isHealthy(server, httpUrl)) return { process: server, address: `unix:${socket}`, httpUrl }
    if (/address already in use/.test(server.log()) && attempt < PORT_ATTEMPTS_MAX) continue
    throw new Fault('internal', `ratelimit did not start: ${server.log().trim().split('\n').slice(-3).join(' | ')}`)
  }
}

function writeRuntime({ scratchFolder, files }: RatelimitOptions): string {
  const runtime = join(scratchFolder, 'runtime')
  const folder = join(runtime, 'config')
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.yaml`), text)
  return runtime
}

async function isHealthy(server: ServerProcess, httpUrl: string): Promise<boolean> {
  const deadlineMs = performance.now() + START_MS_MAX
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const response = await fetch(`${httpUrl}/healthcheck`).catch(() => undefined)
    await response?.text()
    if (response?.ok === true) return true
    await delay(5)
  }
  await server.kill()
  return false
}
