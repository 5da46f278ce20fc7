import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { policyCheck } from '../../../src/policy/policy-state.ts'
import type { PolicyFault } from '../../../src/policy/quarantine.ts'
import { readPolicy } from '../../../src/policy/read-policy.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { createDatabase } from '../../support/databases.ts'

const folder = join(import.meta.dirname, '../../fixtures')
const textOf = (kind: string, name: string): string => readFileSync(join(folder, kind, name), 'utf8')
const organisation = textOf('good', 'organisation.sql')
const bad = readdirSync(join(folder, 'bad')).map((name) => {
  const text = textOf('bad', name)
  return { name, text, constraint: /^-- expects: (\w+)$/m.exec(text)?.[1] ?? '' }
})

async function withOrganisation(work: (client: pg.Client, url: string) => Promise<void>): Promise<void> {
  await using database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await client.query(organisation)
    await work(client, database.url)
  } finally {
    await client.end()
  }
}

async function faultsAt(databaseUrl: string): Promise<readonly PolicyFault[]> {
  const database = createPostgresPolicyDatabase({ databaseUrl })
  try {
    return policyCheck((await readPolicy(database)).state)
  } finally {
    await database.close()
  }
}

/** The query that takes a CHECK away from a table or the domain; undefined when the name is no CHECK. */
async function dropOf(client: pg.Client, constraint: string): Promise<string | undefined> {
  const { rows } = await client.query<{ drop: string }>(
    `SELECT CASE WHEN contypid <> 0 THEN format('ALTER DOMAIN %s DROP CONSTRAINT %I', contypid::regtype, conname)
       ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) END AS drop
     FROM pg_constraint WHERE conname = $1 AND contype = 'c' AND connamespace = 'tollgate'::regnamespace`,
    [constraint],
  )
  return rows[0]?.drop
}

describe('the schema', () => {
  test.each(bad)('refuses $name by $constraint', async ({ text, constraint }) => {
    expect(constraint).not.toBe('')
    await withOrganisation(async (client) => {
      await expect(client.query(text)).rejects.toMatchObject({ constraint })
    })
  })

  test.each(readdirSync(join(folder, 'good')))('takes %s, and so does the policy room', async (name) => {
    await withOrganisation(async (client, url) => {
      if (name !== 'organisation.sql') await client.query(textOf('good', name))
      expect(await faultsAt(url)).toEqual([])
    })
  })
})

describe('readPolicy()', () => {
  const triggers = ['token_expires_within_plan_days', 'emptied_table_is_one_that_is_held']
  test.each(bad)('says the same of $name when its CHECK is gone', async ({ name, text, constraint }) => {
    await withOrganisation(async (client, url) => {
      const drop = triggers.includes(constraint) ? undefined : await dropOf(client, constraint)
      if (drop === undefined) return
      await client.query('ALTER TABLE tollgate.token DISABLE TRIGGER token_life_is_bound')
      await client.query(drop)
      await client.query(text)
      const faults = await faultsAt(url)
      expect(faults.length, name).toBe(1)
      expect(faults[0]?.reasons, name).toContain(constraint)
    })
  })

  test('says the same of tiers that begin late when their trigger is gone', async () => {
    await withOrganisation(async (client, url) => {
      await client.query('DROP TRIGGER tier_of_a_price_begins_at_zero ON tollgate.price_tier')
      await client.query(textOf('bad', 'tiers-that-begin-late.sql'))
      expect(await faultsAt(url)).toMatchObject([{ id: 'file', reasons: ['tier_of_a_price_begins_at_zero'] }])
    })
  })
})
