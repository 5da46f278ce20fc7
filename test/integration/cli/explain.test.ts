import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createCommandLine } from '../../../src/compose/command-line.ts'
import { createDatabase } from '../../support/databases.ts'
import { createKeyPrefix, sharedRedisUrl } from '../../support/redis.ts'

let databaseUrl = ''
const nowhere = 'redis://127.0.0.1:1'
const file = '/packages/aa/bb/demo-1.0-py3-none-any.whl'

beforeAll(async () => {
  databaseUrl = (await createDatabase()).url
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`
    INSERT INTO tollgate.plan (id) VALUES ('free');
    INSERT INTO tollgate.department (id) VALUES ('research');
    INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
    INSERT INTO tollgate.account (id, project, plan) VALUES ('anonymous', 'vision', 'free');
    INSERT INTO tollgate.upstream (id, surface, origin_url, grammar) VALUES ('mirror', 'pypi', 'http://127.0.0.1:1', 'pypi');
    INSERT INTO tollgate.price_rule (id, surface, kind, base_credits, assumed_bytes) VALUES ('files', 'pypi', 'artifact', 1, 2000000);
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('files', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 10, 'day')`)
  await client.end()
})

async function explain(words: readonly string[], redisUrl = sharedRedisUrl()) {
  const printed: string[] = []
  const print = (text: string): void => void printed.push(text)
  const settings = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    TOLLGATE_KEY_PREFIX: createKeyPrefix().slice(0, -1),
  }
  const context = { ...createCommandLine(settings), write: print, writeError: print }
  const code = await runCli(['explain', ...words], context)
  return { code, text: printed.join('') }
}

test('a file is explained at the size that is told, and says so when none is', async () => {
  const assumed = await explain(['--upstream', 'mirror', '--path', file])
  expect(assumed.text).toMatch(/cost +1 request, 3 credits, 2000000 bytes \(its size is not known here: say --size\)/)
  expect(assumed.text).toMatch(/verdict +allow\n/)
  const large = await explain(['--upstream', 'mirror', '--path', file, '--size', '50000000', '--output', 'json'])
  expect(JSON.parse(large.text)).toMatchObject({ verdict: 'deny', reason: 'too_large', estimate: { credits: 51 } })
})

test('with the store away, the posture of the enforced limits decides, as in a Check', async () => {
  const allowed = await explain(['--upstream', 'mirror', '--path', file], nowhere)
  expect(allowed.text).toMatch(/verdict +allow \(unbooked\)/)
})

test('a request that names no upstream is told which there are', async () => {
  const { text } = await explain(['--upstream', 'nobody', '--path', '/simple/demo/'])
  expect(text).toMatch(/verdict +deny \(unknown_upstream\)/)
  expect(text).toContain('Name one by --upstream: mirror')
})

test('a path that cannot be read is told why', async () => {
  expect((await explain(['--upstream', 'mirror', '--path', '/a//b'])).text).toContain('must not hold empty segments')
})

test.each([
  ['--address', '999.1'],
  ['--size', 'big'],
])('%s %s is refused in one sentence', async (name, value) => {
  const { code, text } = await explain(['--upstream', 'mirror', '--path', file, name, value])
  expect(code).not.toBe(0)
  expect(text.trim().split('\n')).toHaveLength(1)
})

test('a faulty limit of posture deny is named as what refuses', async () => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`ALTER TABLE tollgate.limit_rule DROP CONSTRAINT limit_amount_is_not_negative;
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", posture)
      VALUES ('weekly', 'weekly', 'quota', 'requests', -5, 'day', 'deny')`)
  const { text } = await explain(['--upstream', 'mirror', '--path', file])
  await client.query(`DELETE FROM tollgate.limit_rule WHERE id = 'weekly'`)
  await client.end()
  expect(text).toMatch(/verdict +deny \(unavailable\)/)
  expect(text).toContain('The row weekly of limit_rule is faulty')
})
