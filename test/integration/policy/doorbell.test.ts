import pg from 'pg'
import { expect, test } from 'vitest'
import { openDoorbell } from '../../../src/postgres/policy-doorbell.ts'
import { createDatabase } from '../../support/databases.ts'

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

test('openDoorbell() rings for a NOTIFY of others, and proves itself without ringing', async () => {
  await using database = await createDatabase({ migrated: false })
  const rung = Promise.withResolvers<void>()
  let rings = 0
  const doorbell = await openDoorbell(await connect(database.url), () => {
    rings += 1
    rung.resolve()
  })
  await doorbell.prove()
  expect(rings).toBe(0)
  const other = await connect(database.url)
  await other.query(`NOTIFY tollgate_policy, '7'`)
  await rung.promise
  expect(rings).toBe(1)
  await other.end()
  await doorbell.close()
})

test('openDoorbell() does not take a line that hears nothing for a living one', async () => {
  await using database = await createDatabase({ migrated: false })
  const client = await connect(database.url)
  const doorbell = await openDoorbell(client, () => {})
  await client.query('UNLISTEN *')
  await expect(doorbell.prove()).rejects.toMatchObject({ code: 'policy_unavailable' })
  await doorbell.close()
})

test('openDoorbell() says when its connection is gone', async () => {
  await using database = await createDatabase({ migrated: false })
  const client = await connect(database.url)
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  const doorbell = await openDoorbell(client, () => {})
  const other = await connect(database.url)
  await other.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
  await doorbell.broken
  await expect(doorbell.prove()).rejects.toMatchObject({ code: 'policy_unavailable' })
  await other.end()
  await doorbell.close()
})
