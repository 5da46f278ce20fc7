import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { renderSqlReference } from '../../../scripts/sql-reference.ts'
import { createDatabase } from '../../support/databases.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/sql.md'), 'utf8')

async function withDatabase(work: (client: pg.Client) => Promise<void>): Promise<void> {
  await using database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

test('every table, view, column and function of the schema has a COMMENT', async () => {
  await withDatabase(async (client) => {
    const { rows } = await client.query(`
      SELECT c.relname AS name FROM pg_class c
      WHERE c.relnamespace IN ('tollgate'::regnamespace, 'tollgate_report'::regnamespace, 'tollgate_report_people'::regnamespace) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
        AND obj_description(c.oid, 'pg_class') IS NULL
      UNION ALL
      SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace IN ('tollgate'::regnamespace, 'tollgate_report'::regnamespace, 'tollgate_report_people'::regnamespace) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
      UNION ALL
      SELECT p.proname || '()' FROM pg_proc p
      WHERE p.pronamespace = 'tollgate'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL`)
    expect(rows).toEqual([])
    const tables = await client.query(
      `SELECT FROM pg_class WHERE relnamespace = 'tollgate'::regnamespace AND relkind = 'r'`,
    )
    expect(tables.rowCount).toBeGreaterThan(15)
  })
})

test('docs/reference/sql.md says what the schema says (`node scripts/bootstrap.mjs scripts/sql-reference.ts` writes it)', async () => {
  await withDatabase(async (client) => {
    expect(page).toBe(await renderSqlReference(client))
  })
})
