import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../../src/core/fault.ts'
import { type ServerProcess, startServerProcess } from '../../src/postgres/server-process.ts'
import { rootFolder } from '../state-folder.ts'

const BINARY = join(rootFolder, '.cache/servers/envoy/_bin/envoy')
const START_MS_MAX = 15_000
const LOOPBACK_ANY_PORT = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } }

export interface EnvoyOptions {
  /** A bootstrap as JSON. Give listeners port 0 to get free ones; the admin listener is added when absent. */
  readonly config: Readonly<Record<string, unknown>>
  /** Takes the configuration, the admin address and Envoy's log. */
  readonly scratchFolder: string
  /** Worker threads; 1 when absent. */
  readonly concurrency?: number
}

export interface RunningEnvoy {
  readonly adminUrl: string
  /** Listener name → the port it really has. */
  readonly ports: Readonly<Record<string, number>>
  readonly pid: number
  /** Its exit code when it has ended, undefined after a signal. Never rejects. */
  readonly ended: Promise<number | undefined>
  /** Counters and gauges by name; `filter` is a regular expression that Envoy matches against names. */
  stats(filter?: string): Promise<Readonly<Record<string, number>>>
  /** The end of its log. */
  log(): string
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts Envoy and answers when its admin listener says LIVE. It ends with this process. */
export async function startEnvoy(options: EnvoyOptions): Promise<RunningEnvoy> {
  mkdirSync(options.scratchFolder, { recursive: true })
  const configFile = join(options.scratchFolder, 'envoy.json')
  const addressFile = join(options.scratchFolder, `admin-address-${performance.now()}`)
  writeFileSync(configFile, JSON.stringify({ admin: LOOPBACK_ANY_PORT, ...options.config }, null, 2))
  const server = await startServerProcess({
    binary: BINARY,
    args: [
      ...['-c', configFile, '--admin-address-path', addressFile, '--concurrency', String(options.concurrency ?? 1)],
      ...['--disable-hot-restart', '-l', 'warn'],
    ],
    workingFolder: options.scratchFolder,
    stopSignal: 'SIGTERM',
  })
  const adminUrl = await untilLive(server, addressFile)
  return {
    adminUrl,
    ports: await listenerPorts(adminUrl),
    pid: server.pid,
    ended: server.ended,
    stats: (filter = '') => readStats(adminUrl, filter),
    log: server.log,
    stop: server.stop,
    kill: server.kill,
  }
}

async function untilLive(server: ServerProcess, addressFile: string): Promise<string> {
  const deadlineMs = performance.now() + START_MS_MAX
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const address = existsSync(addressFile) ? readFileSync(addressFile, 'utf8').trim() : ''
    const response = address === '' ? undefined : await fetch(`http://${address}/ready`).catch(() => undefined)
    if (response?.ok === true && (await response.text()).startsWith('LIVE')) return `http://${address}`
    await delay(10)
  }
  await server.kill()
  throw new Fault('internal', `Envoy did not start: ${server.log().trim().split('\n').slice(-5).join(' | ')}`)
}

interface ListenersReply {
  readonly listener_statuses?: readonly {
    readonly name: string
    readonly local_address: { readonly socket_address?: { readonly port_value?: number } }
  }[]
}

async function listenerPorts(adminUrl: string): Promise<Readonly<Record<string, number>>> {
  const reply = (await (await fetch(`${adminUrl}/listeners?format=json`)).json()) as ListenersReply
  const ports: Record<string, number> = {}
  for (const { name, local_address: address } of reply.listener_statuses ?? []) {
    const port = address.socket_address?.port_value
    if (port !== undefined) ports[name] = port
  }
  return ports
}

interface StatsReply {
  readonly stats: readonly { readonly name?: string; readonly value?: number }[]
}

async function readStats(adminUrl: string, filter: string): Promise<Readonly<Record<string, number>>> {
  const query = new URLSearchParams({ format: 'json', filter })
  const reply = (await (await fetch(`${adminUrl}/stats?${query}`)).json()) as StatsReply
  const stats: Record<string, number> = {}
  for (const { name, value } of reply.stats) {
    if (name !== undefined && typeof value === 'number') stats[name] = value
  }
  return stats
}
