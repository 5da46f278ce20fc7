import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { databaseFault } from './database-fault.ts'
import { policyQueries } from './policy-queries.ts'

const FOLDER = new URL('./migrations/', import.meta.url)
/** Two keys of one advisory lock: `tollgate migrate` in several places at once takes turns. */
const LOCK = [7305, 1] as const
const CONNECT_TIMEOUT_MS = 10_000

interface Migration {
  readonly name: string
  readonly text: string
  readonly checksum: string
}

/** What a run of `migrate` did: names of files in their order. */
export interface MigrationRun {
  readonly applied: readonly string[]
  readonly alreadyThere: readonly string[]
}

/**
 * Brings the schema `tollgate` up to this release: each file of `migrations/` once, in order, in a transaction of its own, under an
 * advisory lock, so any number may run at once. Given a URL it opens and closes its own connection.
 *
 * Throws a `Fault`: `policy_unavailable` when the database does not let it in, `not_valid` when an applied file has changed
 * since or a file fails; what was applied before it stays. Migrations of a newer release that are already there are left alone.
 */
export async function migrate(database: string | pg.ClientBase, observer?: Observer): Promise<MigrationRun> {
  if (typeof database !== 'string') return migrateUnderLock(database, observer)
  const client = new pg.Client({ connectionString: database, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (cause) {
    await client.end().catch(() => {})
    throw databaseFault(cause, database)
  }
  try {
    return await migrateUnderLock(client, observer)
  } finally {
    await client.end()
  }
}

async function migrateUnderLock(client: pg.ClientBase, observer: Observer | undefined): Promise<MigrationRun> {
  await client.query('SELECT pg_advisory_lock($1, $2)', [...LOCK])
  try {
    await client.query(policyQueries.migration)
    const recorded = await readRecorded(client)
    const migrations = readMigrations()
    for (const migration of migrations) assertUnchanged(migration, recorded)
    const applied = migrations.filter(({ name }) => !recorded.has(name))
    for (const migration of applied) {
      await apply(client, migration)
      observer?.info('migration_applied', { name: migration.name })
    }
    return { applied: applied.map(({ name }) => name), alreadyThere: [...recorded.keys()] }
  } finally {
    await client.query('SELECT pg_advisory_unlock($1, $2)', [...LOCK]).catch(() => {})
  }
}

/**
 * Which migrations of this release the database lacks, and which applied ones this release lacks or has otherwise. Looks only.
 */
export async function compareMigrations(
  database: Pick<pg.Pool, 'query'>,
): Promise<{ readonly unapplied: readonly string[]; readonly foreign: readonly string[] }> {
  const { rows } = await database.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM tollgate.migration',
  )
  const recorded = new Map(rows.map(({ name, checksum }) => [name, checksum]))
  const own = new Map(readMigrations().map(({ name, checksum }) => [name, checksum]))
  return {
    unapplied: [...own.keys()].filter((name) => !recorded.has(name)),
    foreign: [...recorded].filter(([name, checksum]) => own.get(name) !== checksum).map(([name]) => name),
  }
}

async function readRecorded(client: pg.ClientBase): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM tollgate.migration ORDER BY name',
  )
  return new Map(rows.map(({ name, checksum }) => [name, checksum]))
}

function readMigrations(): readonly Migration[] {
  const names = readdirSync(FOLDER).filter((name) => /^\d{4}_[a-z_]+\.sql$/.test(name))
  return names.sort().map((name) => {
    const text = readFileSync(new URL(name, FOLDER), 'utf8')
    return { name, text, checksum: hash('sha256', text, 'hex') }
  })
}

function assertUnchanged({ name, checksum }: Migration, recorded: ReadonlyMap<string, string>): void {
  const before = recorded.get(name)
  if (before === undefined || before === checksum) return
  throw new Fault(
    'not_valid',
    `Migration ${name} has changed since it was applied to this database. Write a new one instead`,
  )
}

async function apply(client: pg.ClientBase, { name, text, checksum }: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(text)
    await client.query('INSERT INTO tollgate.migration (name, checksum) VALUES ($1, $2)', [name, checksum])
    await client.query('COMMIT')
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => {})
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('not_valid', `Migration ${name} failed: ${reason}`, { cause })
  }
}
