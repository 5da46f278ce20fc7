import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Fault } from '../core/fault.ts'
import { giveToServer, openDataFolder, reachableBinaries, serverUserId } from './embedded-files.ts'
import { findFreePort } from './free-port.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

const ROLE = 'tollgate'
const DATABASE = 'tollgate'
const START_MS_MAX = 60_000
const END_MS_MAX = 5_000
const POLL_MS = 20
const PORT_ATTEMPTS_MAX = 5
const ORPHANS_MS_MAX = 30_000
const ORPHANS_POLL_MS = 200

/** Where `scripts/bootstrap.mjs` puts PostgreSQL. */
export const bundledPostgresFolder = fileURLToPath(
  new URL('../../.cache/servers/embedded_postgres/pginstall', import.meta.url),
)

export interface EmbeddedPostgresOptions {
  /** Holds `bin`, `lib` and `share` of a PostgreSQL. */
  readonly binariesFolder: string
  /** Made when absent, and kept: the cluster and its password. */
  readonly dataFolder: string
  /** A free one when absent. */
  readonly port?: number | undefined
  /** False only for data that may be lost: tests and scratch. */
  readonly fsync: boolean
}

export interface EmbeddedPostgres {
  /** Holds the password: never log it. */
  readonly url: string
  readonly port: number
  /** Its exit code when it has ended, undefined after a signal. Never rejects. */
  readonly ended: Promise<number | undefined>
  /** Ends running statements, writes everything, waits. */
  stop(): Promise<void>
  /** As a crash would: SIGKILL to the postmaster; its other processes end by themselves. */
  kill(): Promise<void>
}

/**
 * Starts the PostgreSQL of a data folder on loopback, behind a random password, and answers when it accepts connections.
 * It ends with this process, however that ends. Throws `server_missing`, `already_running`, or `internal` with the end of
 * its log.
 */
export async function startEmbeddedPostgres(given: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  // The server works in `/`, where a relative folder would be another one.
  const options = { ...given, dataFolder: resolve(given.dataFolder) }
  const binaries = reachableBinaries(resolve(given.binariesFolder))
  mkdirSync(options.dataFolder, { recursive: true })
  openDataFolder(options.dataFolder)
  const cluster = join(options.dataFolder, 'cluster')
  if (!existsSync(cluster)) await createCluster(binaries, options)
  await clearStalePid(cluster)
  const password = readFileSync(join(options.dataFolder, 'password'), 'utf8')
  const orphansDeadlineMs = performance.now() + ORPHANS_MS_MAX
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort())
    const server = await startPostmaster({ binaries, cluster, port, fsync: options.fsync })
    const url = urlOf(password, port)
    if (await isReady(server, url)) {
      return { url, port, ended: server.ended, stop: () => server.stop(30_000), kill: () => server.kill() }
    }
    // Processes of one that was killed may go on a little, and it refuses to touch their files.
    if (/is still in use/.test(server.log()) && performance.now() < orphansDeadlineMs) {
      await delay(ORPHANS_POLL_MS)
      attempt -= 1
      continue
    }
    const isPortTaken = /could not bind/.test(server.log())
    if (!isPortTaken || options.port !== undefined || attempt === PORT_ATTEMPTS_MAX) throw didNotStart(server, port)
  }
}

/** The URL of the PostgreSQL that some process already runs in this data folder; undefined when none does. */
export function findEmbeddedPostgres(dataFolder: string): string | undefined {
  const cluster = join(dataFolder, 'cluster')
  // Documented lines of the file: 1 process number, 2 folder, 3 start, 4 port.
  const [pid = '', , , port = ''] = textIfThere(join(cluster, 'postmaster.pid')).split('\n')
  if (pid === '') return undefined
  if (workingFolderOf(Number(pid)) !== realpathSync(cluster) || port === '') return undefined
  return urlOf(readFileSync(join(dataFolder, 'password'), 'utf8'), Number(port))
}

/** Empty when it is not there: a server that ends takes it away at any moment. */
function textIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function urlOf(password: string, port: number): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`
}

function didNotStart(server: ServerProcess, port: number): Fault {
  return /could not bind/.test(server.log())
    ? new Fault('already_running', `PostgreSQL cannot listen on 127.0.0.1:${port}: something else does`)
    : new Fault('internal', `PostgreSQL did not start: ${server.log().trim().split('\n').slice(-5).join(' | ')}`)
}

/** Builds the cluster beside its final name, which it takes only when complete. */
async function createCluster(binaries: string, { dataFolder, fsync }: EmbeddedPostgresOptions): Promise<void> {
  const fresh = join(dataFolder, 'cluster.new')
  const passwordFile = join(dataFolder, 'password')
  const password = randomBytes(24).toString('hex')
  rmSync(fresh, { recursive: true, force: true })
  rmSync(passwordFile, { force: true })
  mkdirSync(fresh)
  giveToServer(fresh)
  writeFileSync(passwordFile, password, { mode: 0o600 })
  giveToServer(passwordFile)
  // A random password of 192 bits needs no stretching, so one scram round is enough and connecting stays cheap.
  await runToEnd(join(binaries, 'bin/initdb'), [
    ...['-D', fresh, '-U', ROLE, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-c', 'scram_iterations=1'],
    ...['-E', 'UTF8', '--no-locale', '--no-instructions', ...(fsync ? [] : ['--no-sync'])],
  ])
  renameSync(fresh, join(dataFolder, 'cluster'))
}

async function runToEnd(binary: string, args: readonly string[]): Promise<void> {
  const child = await startServerProcess({
    binary,
    args,
    workingFolder: '/',
    stopSignal: 'SIGTERM',
    userId: serverUserId(),
  })
  const code = await child.ended
  if (code !== 0) throw new Fault('internal', `${basename(binary)} ended with ${code}: ${child.log().trim()}`)
}

/**
 * A postmaster.pid left by a crash may name a process number that something else has now, which PostgreSQL takes for
 * itself. Only a process that works in this cluster keeps the file; one that is just ending is waited for. The file of one that is gone stays,
 * for by it PostgreSQL finds out whether others of its processes are still at work.
 */
async function clearStalePid(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid')
  for (let waitedMs = 0; existsSync(pidFile); waitedMs += POLL_MS) {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
    if (pid > 0 && !existsSync(`/proc/${pid}`)) return
    if (workingFolderOf(pid) !== realpathSync(cluster)) return rmSync(pidFile, { force: true })
    if (waitedMs > END_MS_MAX) {
      throw new Fault('already_running', `Process ${pid} already runs PostgreSQL in ${cluster}`)
    }
    await delay(POLL_MS)
  }
}

function workingFolderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined // it has ended, or belongs to a user who could not have opened the cluster
  }
}

interface Postmaster {
  readonly binaries: string
  readonly cluster: string
  readonly port: number
  readonly fsync: boolean
}

function startPostmaster({ binaries, cluster, port, fsync }: Postmaster): Promise<ServerProcess> {
  const settings = fsync ? [] : ['fsync=off']
  return startServerProcess({
    binary: join(binaries, 'bin/postgres'),
    args: [
      ...['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-k', ''],
      ...['max_connections=200', ...settings].flatMap((setting) => ['-c', setting]),
    ],
    workingFolder: '/',
    stopSignal: 'SIGINT',
    userId: serverUserId(),
  })
}

/** Connects until it works, and makes our database when it is not there yet. False: the server ended instead. */
async function isReady(server: ServerProcess, url: string): Promise<boolean> {
  const maintenanceUrl = new URL(url)
  maintenanceUrl.pathname = '/postgres'
  const deadlineMs = performance.now() + START_MS_MAX
  while (!server.hasEnded()) {
    const client = new pg.Client({ connectionString: maintenanceUrl.href })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
      return true
    } catch (cause) {
      if (performance.now() > deadlineMs) {
        await server.kill()
        throw new Fault('internal', `PostgreSQL accepts no connection after ${START_MS_MAX / 1_000} s`, { cause })
      }
      await delay(POLL_MS)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  await server.ended
  return false
}
