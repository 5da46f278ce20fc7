import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { policyCheck } from '../../../src/policy/policy-state.ts'
import type { PolicyDatabase } from '../../../src/policy/ports.ts'
import type { PolicyFault } from '../../../src/policy/quarantine.ts'
import { readPolicy } from '../../../src/policy/read-policy.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { createDatabase } from '../../support/databases.ts'

const folder = join(import.meta.dirname, '../../fixtures')
const textOf = (kind: string, name: string): string => readFileSync(join(folder, kind, name), 'utf8')
const organisation = textOf('good', 'organisation.sql')
const scriptsOf = (kind: string) => readdirSync(join(folder, kind)).filter((name) => name.endsWith('.sql'))
const good = scriptsOf('good').filter((name) => name !== 'organisation.sql')
const bad = scriptsOf('bad').map((name) => {
  const text = textOf('bad', name)
  return { name, text, constraint: /^-- expects: (\w+)\n/.exec(text)?.[1] ?? '' }
})

let client: pg.Client
let policy: PolicyDatabase

async function open(): Promise<void> {
  const database = await createDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  policy = createPostgresPolicyDatabase({ databaseUrl: database.url })
}

async function close(): Promise<void> {
  await client.end()
  await policy.close()
}

/** Puts only the organisation there, runs the text on top and says what the policy room finds wrong. */
async function faultsAfter(text: string): Promise<readonly PolicyFault[]> {
  await client.query(
    `TRUNCATE tollgate.department, tollgate.plan, tollgate.upstream, tollgate.price_rule, tollgate.limit_rule, tollgate.pack, tollgate.descriptor_domain CASCADE;
     SELECT tollgate.confirm_emptied(t)
     FROM unnest('{department,project,account,plan,upstream,price_rule,limit_rule,descriptor_domain,descriptor_limit}'::text[]) t`,
  )
  await client.query(organisation)
  await client.query(text)
  return policyCheck((await readPolicy(policy)).state)
}

describe('the schema', () => {
  beforeAll(async () => {
    await open()
    await client.query(organisation)
  })
  afterAll(close)

  test.each(bad)('refuses $name by $constraint', async ({ text, constraint }) => {
    expect(constraint).not.toBe('')
    await client.query('BEGIN')
    await expect(client.query(`${text}; SET CONSTRAINTS ALL IMMEDIATE`)).rejects.toMatchObject({ constraint })
    await client.query('ROLLBACK')
  })

  test.each(good)('takes %s, and so does the policy room', async (name) => {
    expect(await faultsAfter(textOf('good', name))).toEqual([])
  })
})

describe('readPolicy()', () => {
  let checks: ReadonlySet<string> = new Set()
  /** Another table than those of policy, or said by a trigger only. */
  const unread = ['emptied_table_is_one_that_is_held', 'pack_price_has_a_currency', 'pack_lasts_a_day_or_a_month']

  beforeAll(async () => {
    await open()
    const { rows } = await client.query<{ name: string; drop: string }>(
      `SELECT conname AS name, CASE WHEN contypid <> 0 THEN format('ALTER DOMAIN %s DROP CONSTRAINT %I', contypid::regtype, conname)
         ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) END AS drop
       FROM pg_constraint WHERE contype = 'c' AND coninhcount = 0 AND connamespace = 'tollgate'::regnamespace`,
    )
    for (const { drop } of rows) await client.query(drop)
    const triggers = ['tier_of_a_price_begins_at_zero', 'tier_is_one_of_at_most_100']
    for (const name of triggers) await client.query(`DROP TRIGGER ${name} ON tollgate.price_tier`)
    await client.query('ALTER TABLE tollgate.token DISABLE TRIGGER token_life_is_bound')
    checks = new Set([...rows.map(({ name }) => name), ...triggers])
  })
  afterAll(close)

  test('finds nothing wrong with what is right, and knows the constraints that are gone', async () => {
    expect(await faultsAfter('')).toEqual([])
    expect(bad.filter(({ constraint }) => checks.has(constraint)).length).toBeGreaterThan(50)
  })

  test.each(bad)('says the same of $name when no CHECK is left', async ({ name, text, constraint }) => {
    if (!checks.has(constraint) || unread.includes(constraint)) return
    const faults = await faultsAfter(text)
    expect(faults.length, name).toBe(1)
    expect(faults[0]?.reasons, name).toContain(constraint)
  })
})
