import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { createCommandLine } from '../../src/compose/command-line.ts'
import { startServing } from '../../src/compose/serving.ts'
import { createPostgresDirectory } from '../../src/postgres/directory.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createPostgresPolicyDatabase } from '../../src/postgres/policy-database.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { seedDemo } from '../../src/postgres/seeds.ts'
import { readStoreMeta } from '../../src/postgres/store-meta.ts'
import { readSettings } from '../../src/settings.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createDatabase, type TestDatabase } from '../support/databases.ts'
import { createPolicyWorld, onePerson } from '../support/policy.ts'

let database: TestDatabase
let bare: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
  bare = await createDatabase({ migrated: false })
})

function changed(change: (url: URL) => void): string {
  const url = new URL(database.url)
  change(url)
  return url.href
}

const cases = {
  'a wrong password': () => changed((url) => (url.password = 'wrong-secret')),
  'no password': () => changed((url) => (url.password = '')),
  'a wrong user': () => changed((url) => (url.username = 'nobody')),
  'a wrong database': () => changed((url) => (url.pathname = '/nowhere')),
  'a refused connection': () => changed((url) => (url.port = '1')),
  'a database that is not migrated': () => bare.url,
} as const
type Case = keyof typeof cases

/** A sentence that names the place and what to do, and whether it may pass by itself. */
const told: Readonly<Record<Case, { readonly message: RegExp; readonly transient: boolean }>> = {
  'a wrong password': { message: /^PostgreSQL at 127\.0\.0\.1:\d+ .*look at .*password.*28P01/, transient: false },
  'no password': { message: /^PostgreSQL at 127\.0\.0\.1:\d+ .*look at .*password/, transient: false },
  'a wrong user': { message: /does not let the user nobody .*28/, transient: false },
  'a wrong database': { message: /has no database nowhere: create it.*3D000/, transient: false },
  'a refused connection': { message: /^PostgreSQL at 127\.0\.0\.1:1 does not answer.*ECONNREFUSED/, transient: true },
  'a database that is not migrated': { message: /run tollgate migrate.*(42P01|3F000)/, transient: true },
}

/** Each way into the database, by what it does there first. */
const ways: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  'the policy': async (url) => {
    const policies = createPostgresPolicyDatabase({ databaseUrl: url })
    return policies.readAll(() => undefined).finally(() => policies.close())
  },
  'what was fixed at install': (url) => withPool(url, readStoreMeta),
  'the directory': (url) => withPool(url, (pool) => createPostgresDirectory(pool).holder('alice')),
  'the demo': (url) => withPool(url, seedDemo),
}

async function withPool<T>(url: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = createPool(url, () => undefined)
  return work(pool).finally(() => pool.end())
}

describe.each(Object.keys(cases) as readonly Case[])('%s', (name) => {
  const expected = { code: 'policy_unavailable', ...told[name] }

  test.each(Object.keys(ways))('is told where and what to do, whoever asks: %s', async (way) => {
    const failure = ways[way]?.(cases[name]())
    await expect(failure).rejects.toMatchObject({ ...expected, message: expect.stringMatching(expected.message) })
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('wrong-secret') })
  })
})

test.each(['a wrong password', 'a wrong database'] as const)(
  '%s ends a start and a command with a sentence',
  async (name) => {
    const url = cases[name]()
    const message = expect.stringMatching(told[name].message)
    await using started = new AsyncDisposableStack()
    const settings = readSettings({ DATABASE_URL: url, REDIS_URL: 'redis://127.0.0.1:1' })
    const serving = {
      settings,
      environment: {},
      observer: silentObserver,
      missing: new Set<string>(),
      ending: new AbortController(),
    }
    await expect(startServing(started, serving)).rejects.toMatchObject({ message })
    await expect(migrate(url)).rejects.toMatchObject({ message, transient: false })
    const said: string[] = []
    const context = { ...createCommandLine({ DATABASE_URL: url }), writeError: (text: string) => void said.push(text) }
    expect(await runCli(['policy', 'check'], context)).toBe(1)
    expect(said).toEqual([expect.stringMatching(/^tollgate: PostgreSQL at .*\)\.\n$/)])
  },
)

test('a running process goes on with what it read when its database is gone for good', async () => {
  await using world = await createPolicyWorld({ setup: onePerson })
  await world.client.end()
  await world.database.drop()
  await expect.poll(() => world.keeper.status().listening).toBe(false)
  await expect.poll(() => world.keeper.status().ageMs, { timeout: 5_000 }).toBeGreaterThan(1_000)
  expect(world.keeper.current()?.account('alice')).toBeDefined()
  // A login above that is left half done would hold up the drop for PostgreSQL's authentication_timeout of a minute.
}, 30_000)
