import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { createDatabase } from '../../support/databases.ts'
import { createKeyPrefix } from '../../support/redis.ts'
import type { CheckClient } from '../support/check-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const spent = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('daily', 'daily', 'quota', 'credits', 2, 'day')`
const waitMs = 10_000
const extensions = { upstream: 'mirror' }
const fileOf = (name: string) => `/packages/aa/bb/0123/${name}-1.0-py3-none-any.whl`

/** Asks until it is refused by policy: a machine that is busy with other things makes a Check late, which is told apart. */
async function untilRefused(client: CheckClient, { token, name }: { readonly token: string; readonly name: string }) {
  for (let count = 0; count < 20; count += 1) {
    const { allowed, status } = await client.check({ path: fileOf(name), token, extensions })
    if (!allowed && status !== 503) return
  }
  throw new Error('It was never refused')
}

const refusals = (plane: TestPlane) =>
  plane.sql(
    "SELECT account, project, department, surface, resource, limit_name, cause, count::int FROM tollgate.refusal_hour WHERE cause <> 'unavailable' ORDER BY cause, resource",
  )
const levels = (plane: TestPlane) =>
  plane.sql(
    "SELECT key, account, project, department, percent, level, used::text, amount::text, data FROM tollgate.alert_event WHERE type = 'level' AND percent = 100",
  )

test('what is refused is in refusal_hour a second later, by package, limit and cause', async () => {
  await using plane = await startPlane()
  await plane.policy(spent)
  await plane.policy(
    "INSERT INTO tollgate.access_rule (id, effect, account, reason) VALUES ('ban-bob', 'deny', 'bob', 'Harvests')",
  )
  const client = plane.client()
  const [alice, bob] = [await plane.token('alice'), await plane.token('bob')]
  const get = (token: string, name: string) => untilRefused(client, { token, name })
  await get(alice, 'torch')
  await get(alice, 'torch')
  await get(alice, 'torch')
  await get(alice, 'numpy')
  await get(bob, 'numpy')
  const row = {
    account: 'alice',
    project: 'vision',
    department: 'research',
    surface: 'pypi',
    limit_name: 'daily',
    cause: 'quota',
  }
  await vi.waitFor(
    async () =>
      expect(await refusals(plane)).toEqual([
        { ...row, account: 'bob', limit_name: '', cause: 'denied', resource: 'numpy', count: 1 },
        { ...row, resource: 'numpy', count: 1 },
        { ...row, resource: 'torch', count: 3 },
      ]),
    waitMs,
  )
})

test('the first refusal by a quota makes one event, though two processes refuse a thousand times', async () => {
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using one = await startPlane({ settings: { TOLLGATE_KEY_PREFIX: keyPrefix } })
  await using other = await startPlane({ beside: { databaseUrl: one.databaseUrl, keyPrefix } })
  await one.policy(spent)
  const token = await one.token()
  const path = fileOf('torch')
  const clients = [one.client(5_000), other.client(5_000)]
  const ask = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => clients[index % 2]?.check({ path, token, extensions })))
  await vi.waitFor(
    async () => expect((await clients[1]?.check({ path, token, extensions }))?.status).not.toBe(401),
    waitMs,
  )
  for (let round = 0; round < 10; round += 1) await ask(100)
  await vi.waitFor(async () => {
    const [sum] = await one.sql('SELECT sum(count)::int AS count FROM tollgate.refusal_hour')
    expect(sum?.['count']).toBeGreaterThanOrEqual(998)
  }, waitMs)
  expect(await levels(one)).toEqual([
    {
      key: expect.stringMatching(/^level account:alice daily \d+ 100$/),
      ...{ account: 'alice', project: 'vision', department: 'research', percent: 100, level: 'exhausted' },
      ...{ used: '2.000', amount: '2.000', data: { refused: true, needs: 1 } },
    },
  ])
})

test('a refusal by a limit whose alert rule names no 100 % tells nothing', async () => {
  await using plane = await startPlane()
  await plane.policy(spent)
  await plane.policy("INSERT INTO tollgate.alert_rule (id, percents) VALUES ('low', '{50}')")
  const token = await plane.token()
  const client = plane.client()
  await untilRefused(client, { token, name: 'torch' })
  await vi.waitFor(async () => expect(await refusals(plane)).toHaveLength(1), waitMs)
  expect(await levels(plane)).toEqual([])
})

test('what was refused a moment before the end is written while it drains', async () => {
  await using database = await createDatabase()
  const plane = await startPlane({ database })
  await plane.policy(spent)
  const token = await plane.token()
  for (let count = 0; count < 3; count += 1) await untilRefused(plane.client(), { token, name: 'torch' })
  await plane[Symbol.asyncDispose]()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  expect(
    (await client.query("SELECT sum(count)::int AS count FROM tollgate.refusal_hour WHERE cause = 'quota'")).rows,
  ).toEqual([{ count: 3 }])
  await client.end()
})

test('a row that is held back is told by the serving process, and its end when it is mended', async () => {
  await using plane = await startPlane()
  const events = () =>
    plane.sql(
      "SELECT data->>'key' AS key, ended_at IS NOT NULL AS ended FROM tollgate.alert_event WHERE type = 'policy_quarantined'",
    )
  await plane.policy('ALTER TABLE tollgate.limit_rule DROP CONSTRAINT limit_amount_is_not_negative')
  await plane.policy(`${spent}; UPDATE tollgate.limit_rule SET amount = -1`)
  await vi.waitFor(async () => expect(await events()).toEqual([{ key: 'daily', ended: false }]), 25_000)
  await plane.policy('UPDATE tollgate.limit_rule SET amount = 1')
  await vi.waitFor(async () => expect(await events()).toEqual([{ key: 'daily', ended: true }]), 25_000)
}, 60_000)
