import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import { createScratchFolder, createSocketFolder } from '../../../scripts/state-folder.ts'
import type { Between } from '../../../src/compose/between.ts'
import { type Served, startServing } from '../../../src/compose/serving.ts'
import { makeTokenText } from '../../../src/core/token-text.ts'
import { readSettings } from '../../../src/settings.ts'
import type { Observer } from '../../../src/telemetry/observer.ts'
import { createDatabase } from '../../support/databases.ts'
import { createKeyPrefix, sharedRedisUrl } from '../../support/redis.ts'
import { type CheckClient, createCheckClient } from './check-client.ts'

/** A served Tollgate on a fresh database, in this process, as Envoy finds it: over gRPC. */
export interface TestPlane extends AsyncDisposable {
  /** On a connection of its own; closed with the plane. */
  client(timeoutMs?: number): CheckClient
  /** Runs SQL and waits until its policy is in force here. */
  policy(text: string, values?: readonly unknown[]): Promise<void>
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** A new token of the account, valid for a day: its secret. */
  token(account?: string): Promise<string>
  /** How often each counter of the observer was counted, and each histogram fed; labels in brackets. */
  readonly counts: ReadonlyMap<string, number>
  /** Each gauge of the observer as it was set last. */
  readonly gauges: ReadonlyMap<string, number>
  /** What `/readyz` says beside `ready`. */
  readonly warnings: ReadonlySet<string>
  /** Runs when the plane ends. */
  defer(end: () => void): void
  readonly databaseUrl: string
  readonly address: string
  /** Where the API is served, when the settings say so. */
  readonly portal?: { readonly host: string; readonly port: number }
}

export interface PlaneOptions {
  /** `redis`: the shared one with a prefix of its own; a URL: that one; `memory`: in process. */
  readonly store?: 'redis' | 'memory' | `redis://${string}`
  readonly settings?: Readonly<Record<string, string>>
  /** A migrated database of the caller's own, without rows. */
  readonly database?: { readonly url: string }
  /** What stands between the rooms. */
  readonly between?: Between
  /** One of several processes on one public port. */
  readonly isSupervised?: boolean
  /** Another plane's database and store, for two processes on one. */
  readonly beside?: { readonly databaseUrl: string; readonly keyPrefix: string }
}

const basePolicy = `
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.department (id) VALUES ('research');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
  INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'vision', 'free'), ('bob', 'vision', 'free');
  INSERT INTO tollgate.upstream (id, surface, origin_url, grammar) VALUES
    ('mirror', 'pypi', 'http://127.0.0.1:1', 'pypi'), ('gpu', 'gpu', 'http://127.0.0.1:1', 'http');
  INSERT INTO tollgate.price_rule (id, surface, kind, base_credits, assumed_bytes) VALUES
    ('index', 'pypi', 'index', 0, 0), ('artifact', 'pypi', 'artifact', 1, 0), ('call', 'gpu', 'call', 5, 0)`

export async function startPlane(options: PlaneOptions = {}): Promise<TestPlane> {
  await using started = new AsyncDisposableStack()
  const databaseUrl = options.beside?.databaseUrl ?? options.database?.url ?? (await freshDatabase(started))
  const sql = new pg.Client({ connectionString: databaseUrl })
  // Tests that stop the database cut it; what is asked after that fails by itself.
  sql.on('error', () => undefined)
  await sql.connect()
  started.defer(() => sql.end())
  if (options.beside === undefined) await sql.query(basePolicy)
  const { observer, counts, gauges } = countingObserver()
  const settings = readSettings({ ...settingsOf(options, databaseUrl), ...options.settings })
  const warnings = new Set<string>()
  const serving = {
    ...{ settings, environment: options.settings ?? {}, observer },
    ...{ missing: new Set<string>(), warnings, ending: new AbortController() },
    ...(options.between && { between: options.between }),
    isSupervised: options.isSupervised ?? false,
  }
  const served = await startServing(started, serving)
  const address = served.addresses[0] ?? ''
  const stack = started.move()
  return {
    ...{ counts, gauges, warnings, databaseUrl, address },
    ...(served.portal && { portal: served.portal }),
    client(timeoutMs = 1_000) {
      const client = createCheckClient(address, { timeoutMs })
      stack.defer(() => client.close())
      return client
    },
    defer: (end) => stack.defer(end),
    sql: async (text, values = []) => (await sql.query(text, [...values])).rows,
    policy: (text, values = []) => changePolicy({ sql, served }, text, values),
    async token(account = 'alice') {
      const secret = makeTokenText(randomBytes)
      const digest = createHash('sha256').update(secret).digest('hex')
      const text = `INSERT INTO tollgate.token (id, account, digest, hint, expires_at) VALUES ($1, $2, $3, 'tg_test', now() + interval '1 day')`
      await changePolicy({ sql, served }, text, [`t-${randomBytes(6).toString('hex')}`, account, digest])
      return secret
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function freshDatabase(started: AsyncDisposableStack): Promise<string> {
  const database = await createDatabase()
  started.defer(() => database.drop())
  return database.url
}

function settingsOf({ store = 'redis', beside }: PlaneOptions, databaseUrl: string): Record<string, string> {
  const redisUrl = store === 'redis' ? sharedRedisUrl() : store
  const folder = createScratchFolder('plane')
  return {
    DATABASE_URL: databaseUrl,
    ...(store === 'memory' ? {} : { REDIS_URL: redisUrl }),
    TOLLGATE_KEY_PREFIX: beside?.keyPrefix ?? createKeyPrefix().slice(0, -1),
    TOLLGATE_DATA_FOLDER: folder,
    TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
    TOLLGATE_DRAIN_MS: '0',
    TOLLGATE_CHECK_MS_MAX: '1000',
    TOLLGATE_ASK_AT: 'the platform team',
    TOLLGATE_DOCS_BASE: 'https://docs.example/blocked',
  }
}

/** Resolves when the version of the change, or a later one, is in force in the served process. */
async function changePolicy(
  { sql, served }: { readonly sql: pg.Client; readonly served: Served },
  text: string,
  values: readonly unknown[],
): Promise<void> {
  await sql.query(text, [...values])
  const { rows } = await sql.query<{ version: string }>('SELECT version FROM tollgate.policy_version')
  const wanted = Number(rows[0]?.version)
  const { promise, resolve } = Promise.withResolvers<void>()
  const unsubscribe = served.policy.onChange(({ version }) => {
    if (version >= wanted) resolve()
  })
  if ((served.policy.current()?.version ?? -1) >= wanted) resolve()
  await promise
  unsubscribe()
}

function countingObserver() {
  const counts = new Map<string, number>()
  const gauges = new Map<string, number>()
  const observer: Observer = {
    count(metric, labels = {}, by = 1) {
      const values = Object.values(labels).join(',')
      const name = values === '' ? metric : `${metric}[${values}]`
      counts.set(name, (counts.get(name) ?? 0) + by)
    },
    counter: (metric, labels) => (by) => observer.count(metric, labels, by),
    time: (metric, _, labels = {}) => observer.count(metric, labels),
    set: (metric, value) => void gauges.set(metric, value),
    info() {},
    warn() {},
  }
  return { observer, counts, gauges }
}
