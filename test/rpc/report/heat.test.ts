import pg from 'pg'
import { expect, test } from 'vitest'
import { createPostgresUpkeep } from '../../../src/postgres/ledger-upkeep.ts'
import { createLogClient } from '../support/log-client.ts'
import { startPlane } from '../support/plane.ts'

const wheelOf = (name: string) => `/packages/aa/bb/0123/${name}-1.0-py3-none-any.whl`
const extensions = { upstream: 'mirror' }

test('a package that many ask for becomes hot by the hourly upkeep, and the next spend has the price of a hot one', async () => {
  await using plane = await startPlane({ between: { heatEveryMs: 20 } })
  await plane.policy(`
    INSERT INTO tollgate.price_rule (id, surface, kind, heat, base_credits, assumed_bytes) VALUES ('hot', 'pypi', 'artifact', 'hot', 10, 0);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day');
    UPDATE tollgate.heat_threshold SET hot_from = 3, hot_until = 3, rare_from = 0, rare_until = 0`)
  const token = await plane.token()
  const client = plane.client()
  const logs = createLogClient(plane.address)
  const used = async () => JSON.parse((await client.check({ token, path: '/quota/status', extensions })).body).used
  /** What one more request adds, reported. */
  const costOf = async (name: string): Promise<number> => {
    const before = await used()
    const { metadata } = await client.check({ token, path: wheelOf(name), extensions })
    logs.send({ ticket: metadata['ticket'] ?? '', bodyBytes: 10 })
    return (await used()) - before
  }
  expect([await costOf('demo'), await costOf('demo'), await costOf('other')]).toEqual([1, 1, 1])

  const pool = new pg.Pool({ connectionString: plane.databaseUrl })
  const upkeep = createPostgresUpkeep({ pool, entryDays: 90, hourDays: 400, rowsMax: 100 })
  const sums = () => plane.sql('SELECT sum(requests)::int AS requests FROM tollgate.usage_hour')
  await expect.poll(sums).toEqual([{ requests: 3 }])
  await upkeep.step('heat')
  expect(await plane.sql(`SELECT resource FROM tollgate.resource_heat WHERE heat = 'hot'`)).toEqual([])

  expect(await costOf('demo')).toBe(1)
  await expect.poll(sums).toEqual([{ requests: 4 }])
  expect(await upkeep.step('heat')).toMatchObject({ hasMore: false })
  await expect.poll(() => costOf('demo')).toBe(10)
  expect(await costOf('other')).toBe(1)
  await pool.end()
  logs.close()
})
