import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createScratchFolder, createSocketFolder } from '../../../scripts/state-folder.ts'
import { startServing } from '../../../src/compose/serving.ts'
import { makeTokenText } from '../../../src/core/token-text.ts'
import { bundledPostgresFolder, type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/postgres/embedded.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { readSettings } from '../../../src/settings.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { createKeyPrefix, sharedRedisUrl } from '../../support/redis.ts'
import { type CheckClient, createCheckClient } from '../support/check-client.ts'
import { createLogClient } from '../support/log-client.ts'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const extensions = { upstream: 'mirror' }

interface Start extends AsyncDisposable {
  /** Resolves when it serves; while it waits, `missing` says for what. */
  readonly client: Promise<CheckClient>
  readonly address: Promise<string>
  readonly missing: Set<string>
  readonly warnings: Set<string>
  /** Aborted when it cannot go on. */
  readonly signal: AbortSignal
}

let dataFolder: string
let port: number
let database: EmbeddedPostgres | undefined

beforeAll(async () => {
  dataFolder = createScratchFolder('away')
  database = await startDatabase()
  port = database.port
})

afterAll(() => database?.stop())

function startDatabase(at?: number): Promise<EmbeddedPostgres> {
  const options = { binariesFolder: bundledPostgresFolder, dataFolder, fsync: false }
  return startEmbeddedPostgres(at === undefined ? options : { ...options, port: at })
}

/** A Tollgate that starts by itself, whatever of its surroundings is there. */
function start(environment: Readonly<Record<string, string>>): Start {
  const started = new AsyncDisposableStack()
  const [missing, warnings] = [new Set(['database', 'policy', 'listener']), new Set<string>()]
  const settings = readSettings({ ...environment, TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock') })
  const ending = new AbortController()
  const served = startServing(started, { settings, environment, observer: silentObserver, missing, warnings, ending })
  const address = served.then(({ addresses }) => addresses[0] ?? '')
  const client = address.then((found) => createCheckClient(found, { timeoutMs: 1_000 }))
  client.catch(() => undefined)
  return {
    ...{ missing, warnings, client, address, signal: ending.signal },
    async [Symbol.asyncDispose]() {
      ending.abort()
      await client.then(
        (one) => one.close(),
        () => undefined,
      )
      await started.disposeAsync()
    },
  }
}

test.each(['redis', 'memory'] as const)(
  'a start without PostgreSQL serves by the copies of an earlier one, says so, and takes the live policy when it is back (%s store)',
  async (store) => {
    database ??= await startDatabase(port)
    const folder = createScratchFolder('copies')
    const environment = {
      ...{ DATABASE_URL: await freshDatabase(database), TOLLGATE_DATA_FOLDER: folder, TOLLGATE_DRAIN_MS: '0' },
      ...{ TOLLGATE_KEY_PREFIX: createKeyPrefix().slice(0, -1), TOLLGATE_CHECK_MS_MAX: '1000' },
      ...(store === 'redis' && { REDIS_URL: sharedRedisUrl() }),
    }
    const token = await earlierStart(environment, store)
    await database.stop()
    database = undefined
    await using tollgate = start(environment)
    const client = await tollgate.client
    const ask = (secret = token) => client.check({ token: secret, path: wheel, extensions })
    expect([...tollgate.missing]).toEqual([])
    expect([...tollgate.warnings]).toEqual([
      'PostgreSQL does not answer: serving by what was copied to disk',
      expect.stringMatching(/^The policy in force is the copy on disk, version \d+$/),
    ])
    const { allowed, metadata } = await ask()
    expect(allowed).toBe(true)
    // A token that was issued after the copy was made looks like this one: our trouble, not the caller's.
    expect((await ask(makeTokenText((count) => new Uint8Array(count).fill(7)))).status).toBe(503)
    const logs = createLogClient(await tollgate.address)
    logs.send({ ticket: metadata['ticket'] ?? '', bodyBytes: 5_000_000 })
    database = await startDatabase(port)
    await expect.poll(() => tollgate.warnings.size, { timeout: 20_000 }).toBe(0)
    await expect
      .poll(async () => (await ask(makeTokenText((count) => new Uint8Array(count).fill(7)))).status, {
        timeout: 20_000,
      })
      .toBe(401)
    expect((await ask()).allowed).toBe(true)
    logs.close()
  },
)

/** Serves once with PostgreSQL, so that there are copies; answers a token's secret. */
async function earlierStart(environment: Readonly<Record<string, string>>, store: 'redis' | 'memory'): Promise<string> {
  const { DATABASE_URL: url = '' } = environment
  await using plane = await startPlane({ store, database: { url }, settings: environment })
  const token = await plane.token()
  expect((await plane.client().check({ token, path: wheel, extensions })).allowed).toBe(true)
  return token
}

/** A migrated database of its own on the server that comes and goes. */
async function freshDatabase(server: EmbeddedPostgres): Promise<string> {
  const name = `away_${randomBytes(6).toString('hex')}`
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const url = new URL(server.url)
  url.pathname = `/${name}`
  await migrate(url.href)
  return url.href
}

test.each([
  ['tampered with', tamper, /is not as Tollgate wrote it/],
  ['open to others', (folder: string) => chmodSync(join(folder, 'policy.copy'), 0o644), /must have mode 600/],
  ['gone', (folder: string) => rmSync(join(folder, 'policy.copy')), /There is no copy of the policy on disk/],
] as const)(
  'a start whose copy of the policy is %s is not ready, says why, and serves when PostgreSQL is back',
  async (_, spoil, reason) => {
    database ??= await startDatabase(port)
    const environment = {
      ...{
        DATABASE_URL: await freshDatabase(database),
        REDIS_URL: sharedRedisUrl(),
        TOLLGATE_DATA_FOLDER: createScratchFolder('copies'),
      },
      ...{ TOLLGATE_KEY_PREFIX: createKeyPrefix().slice(0, -1), TOLLGATE_DRAIN_MS: '0' },
    }
    const token = await earlierStart(environment, 'redis')
    await database.stop()
    database = undefined
    spoil(environment.TOLLGATE_DATA_FOLDER)
    await using tollgate = start(environment)
    await expect.poll(() => [...tollgate.missing].join(), { timeout: 20_000 }).toMatch(reason)
    expect([...tollgate.missing]).toContain('policy')
    database = await startDatabase(port)
    const client = await tollgate.client
    expect([...tollgate.missing]).toEqual([])
    expect((await client.check({ token, path: wheel, extensions })).allowed).toBe(true)
  },
)

test('a database of another installation than the copies are of ends the process when it answers', async () => {
  database ??= await startDatabase(port)
  const folder = createScratchFolder('copies')
  const environment = {
    ...{ DATABASE_URL: await freshDatabase(database), REDIS_URL: sharedRedisUrl(), TOLLGATE_DATA_FOLDER: folder },
    ...{ TOLLGATE_KEY_PREFIX: createKeyPrefix().slice(0, -1), TOLLGATE_DRAIN_MS: '0' },
  }
  await earlierStart(environment, 'redis')
  const other = await freshDatabase(database)
  await database.stop()
  database = undefined
  await using tollgate = start({ ...environment, DATABASE_URL: other })
  await tollgate.client
  expect(tollgate.signal.aborted).toBe(false)
  database = await startDatabase(port)
  await expect.poll(() => tollgate.signal.aborted, { timeout: 20_000 }).toBe(true)
  expect(tollgate.signal.reason).toMatchObject({
    code: 'wrong_store_format',
    message: 'This database is of another installation than the copies in the data folder',
  })
})

function tamper(folder: string): void {
  const path = join(folder, 'policy.copy')
  writeFileSync(path, readFileSync(path, 'utf8').replace('vision', 'vasion'))
}
