import pg from 'pg'
import { expect, test } from 'vitest'
import { createDatabase } from '../../support/databases.ts'
import { startPlane } from '../support/plane.ts'

const extensions = { upstream: 'mirror' }
const wheelOf = (name: string): string => `/packages/aa/bb/0123/${name}-1.0-py3-none-any.whl`
const heat = `INSERT INTO tollgate.resource_heat (surface, resource, heat, since, requests, seen_at)
  SELECT s, r, h, now(), 1, now()
  FROM (VALUES ('pypi', 'demo', 'hot'), ('pypi', 'torch', 'hot'), ('pypi', 'fossil', 'rare'), ('gpu', 'plain', 'hot')) AS v (s, r, h)`
const policy = `
  INSERT INTO tollgate.price_rule (id, surface, kind, package_pattern, heat, base_credits, assumed_bytes) VALUES
    ('hot', 'pypi', 'artifact', NULL, 'hot', 20, 0), ('rare', 'pypi', NULL, NULL, 'rare', 300, 0),
    ('rare-file', 'pypi', 'artifact', NULL, 'rare', 4000, 0), ('torch', 'pypi', NULL, 'torch', NULL, 50000, 0);
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window")
    VALUES ('d', 'daily', 'quota', 'credits', 1000000, 'day')`

test('a file costs what its price by heat says, where no rule is more specific', async () => {
  await using database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(heat).finally(() => client.end())
  await using plane = await startPlane({ database, settings: { TOLLGATE_ROLES: 'sweeper' } })
  await plane.policy(policy)
  const token = await plane.token()
  const check = (path: string) => plane.client().check({ token, path, extensions })
  const costOf = async (name: string): Promise<number> => {
    const before = JSON.parse((await check('/quota/status')).body).used
    expect((await check(wheelOf(name))).allowed).toBe(true)
    return JSON.parse((await check('/quota/status')).body).used - before
  }
  // What is in demand is read in the background from the start on.
  await expect.poll(() => costOf('demo')).toBe(20)
  expect(await costOf('fossil')).toBe(4_000)
  expect(await costOf('plain')).toBe(1)
  expect(await costOf('torch')).toBe(50_000)
})
