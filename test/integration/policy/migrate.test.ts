import pg from 'pg'
import { expect, test } from 'vitest'
import { migrate } from '../../../src/postgres/migrate.ts'
import { createDatabase } from '../../support/databases.ts'
import { onePerson } from '../../support/policy.ts'

test('migrate() lets two run at once: each file is applied by exactly one of them', async () => {
  await using database = await createDatabase({ migrated: false })
  const runs = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)])
  const applied = runs.flatMap((run) => run.applied)
  expect(applied).toContain('0001_policy_people.sql')
  expect(new Set(applied).size).toBe(applied.length)
  expect((await migrate(database.url)).applied).toEqual([])
})

test('migrate() refuses a file that has changed since it was applied, and one connection may be handed in', async () => {
  await using database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`UPDATE tollgate.migration SET checksum = 'other' WHERE name = '0002_policy_rules.sql'`)
  await expect(migrate(client)).rejects.toThrow('Migration 0002_policy_rules.sql has changed')
  await client.query(`INSERT INTO tollgate.migration (name, checksum) VALUES ('9999_of_a_newer_release.sql', 'x')`)
  await client.query(`UPDATE tollgate.migration SET checksum = 'other' WHERE name = '0002_policy_rules.sql'`)
  await client.end()
})

test('migrate() says when PostgreSQL does not answer', async () => {
  await expect(migrate('postgres://127.0.0.1:1/none')).rejects.toMatchObject({
    code: 'policy_unavailable',
    transient: true,
  })
})

test('migrate() and the triggers rest on no search path', async () => {
  await using database = await createDatabase({ migrated: false })
  const url = `${database.url}?options=-c%20search_path%3Dpg_catalog`
  await migrate(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const version = async (): Promise<number> =>
    (await client.query(`SELECT version::int FROM tollgate.policy_version`)).rows[0].version
  const before = await version()
  await client.query(onePerson)
  await client.query(`UPDATE tollgate.account SET disabled = true; TRUNCATE tollgate.access_rule`)
  expect(await version()).toBe(before + 2)
  await client.end()
})
