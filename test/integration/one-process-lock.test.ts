import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createScratchFolder, createSocketFolder, rootFolder } from '../../scripts/state-folder.ts'
import { findFreePort } from '../../src/postgres/free-port.ts'
import { type LockWatch, type OneProcessLock, takeOneProcessLock } from '../../src/postgres/one-process-lock.ts'
import { createDatabase, type TestDatabase } from '../support/databases.ts'

const takeIt = `SELECT pg_advisory_lock((classid::bigint << 32) | objid::bigint) FROM (${holders('classid, objid')}) AS held`
const cutIt = `SELECT pg_terminate_backend(pid) FROM (${holders('pid')}) AS held`

function holders(columns: string): string {
  return `SELECT ${columns} FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
}

let database: TestDatabase
let sql: pg.Client
let other: pg.Client
const held: OneProcessLock[] = []

beforeEach(async () => {
  database = await createDatabase()
  ;[sql, other] = await Promise.all([connected(), connected()])
})

afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release()
  await Promise.all([sql.end(), other.end()])
  await database.drop()
})

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  return client
}

async function take(url = database.url): Promise<{ readonly lock: OneProcessLock; readonly told: string[] }> {
  const told: string[] = []
  const watch: LockWatch = {
    onLost: () => told.push('lost'),
    onHeldAgain: () => told.push('held again'),
    onTaken: () => told.push('taken'),
  }
  const lock = await takeOneProcessLock(url, watch)
  held.push(lock)
  return { lock, told }
}

const count = async (): Promise<number> => (await sql.query(holders('pid'))).rowCount ?? 0

test('takeOneProcessLock() takes the lock again when its connection is cut, and keeps a second one out before and after', async () => {
  const { lock, told } = await take()
  await expect(take()).rejects.toMatchObject({ code: 'already_running' })
  for (const times of [1, 2]) {
    await sql.query(cutIt)
    await vi.waitFor(() => expect(told).toHaveLength(2 * times), 5_000)
  }
  expect(told).toEqual(['lost', 'held again', 'lost', 'held again'])
  await expect(take()).rejects.toMatchObject({ code: 'already_running' })
  await lock.release()
  expect(await count()).toBe(0)
  expect((await take()).told).toEqual([])
})

test('takeOneProcessLock() tells when another process took the lock meanwhile, and then leaves it alone', async () => {
  const { told } = await take()
  const waiting = other.query(takeIt)
  await vi.waitFor(async () => expect((await sql.query(waiters)).rowCount).toBe(1))
  await sql.query(cutIt)
  await waiting
  await vi.waitFor(() => expect(told).toEqual(['lost', 'taken']), 5_000)
  expect(await count()).toBe(1)
})

test('takeOneProcessLock() waits for the server to notice that its own cut connection is gone', async () => {
  const proxy = await startHalfProxy()
  try {
    const { told } = await take(proxy.url)
    proxy.cut()
    await vi.waitFor(() => expect(proxy.servers.length).toBeGreaterThan(3), 5_000)
    expect(told).toEqual(['lost'])
    proxy.servers[0]?.destroy()
    await vi.waitFor(() => expect(told).toEqual(['lost', 'held again']), 10_000)
  } finally {
    for (const lock of held.splice(0)) await lock.release()
    proxy.stop()
  }
}, 30_000)

test('serve goes on when the connection of its lock is cut, and ends with exit code 1 when another process has the lock', async () => {
  const served = await serve()
  try {
    await served.until('"event":"ready"')
    await sql.query(cutIt)
    await served.until('"event":"lock_held_again"')
    expect(served.child.exitCode).toBeNull()
    expect(await count()).toBe(1)
    const waiting = other.query(takeIt)
    await vi.waitFor(async () => expect((await sql.query(waiters)).rowCount).toBe(1))
    await sql.query(cutIt)
    await waiting
    await served.until('"event":"lock_taken"')
    const [exitCode] = (await served.ended) as readonly unknown[]
    expect(exitCode).toBe(1)
    expect(served.lines).toContain('tollgate: Another Tollgate counts in process on this database now: this one stops.')
  } finally {
    served.child.kill('SIGKILL')
  }
}, 60_000)

const waiters = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** Between a client and PostgreSQL; a cut leaves the server's half open, as a broken network does. */
async function startHalfProxy() {
  const to = new URL(database.url)
  const clients: Socket[] = []
  const servers: Socket[] = []
  const listener = createServer((client) => {
    const server = connect(Number(to.port), to.hostname)
    clients.push(client)
    servers.push(server)
    client.on('data', (data) => server.write(data)).on('error', () => undefined)
    // Whoever says goodbye is passed on; a cut is not.
    client.on('end', () => server.end())
    server.on('data', (data) => client.write(data)).on('error', () => undefined)
    server.on('close', () => client.destroy())
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(database.url)
  url.port = String((listener.address() as AddressInfo).port)
  return {
    url: url.href,
    servers,
    cut: () => clients[0]?.destroy(),
    stop(): void {
      listener.close()
      for (const socket of [...clients, ...servers]) socket.destroy()
    },
  }
}

interface ServedChild {
  readonly child: ChildProcess
  readonly lines: readonly string[]
  readonly ended: Promise<unknown>
  until(text: string): Promise<void>
}

async function serve(): Promise<ServedChild> {
  const environment = {
    PATH: process.env['PATH'],
    DATABASE_URL: database.url,
    TOLLGATE_DATA_FOLDER: createScratchFolder('lock'),
    TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
    TOLLGATE_OPS_ADDRESS: `127.0.0.1:${await findFreePort()}`,
    TOLLGATE_DRAIN_MS: '0',
  }
  const child = spawn(process.execPath, [join(rootFolder, 'src/main.ts'), 'serve'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line))
  }
  const until = (text: string): Promise<void> =>
    vi.waitFor(
      () =>
        expect(
          lines.some((line) => line.includes(text)),
          lines.join('\n'),
        ).toBe(true),
      20_000,
    )
  return { child, lines, ended: once(child, 'close'), until }
}
