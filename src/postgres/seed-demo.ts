import { readFileSync } from 'node:fs'
import type pg from 'pg'

const text = readFileSync(new URL('./seeds/demo.sql', import.meta.url), 'utf8')

/** Writes the demo's organisation, limits and prices (`seeds/demo.sql`) in one transaction. May be run again; changes nothing that is there. */
export async function seedDemo(client: pg.ClientBase): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(text)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}
