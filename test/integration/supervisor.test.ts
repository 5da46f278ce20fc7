import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runTollgate, serveTollgate } from '../../demo/tollgate.ts'
import { createScratchFolder, createSocketFolder } from '../../scripts/state-folder.ts'
import { createDatabase, type TestDatabase } from '../support/databases.ts'
import { isRunning } from '../support/is-running.ts'
import { createKeyPrefix, sharedRedisUrl, startOwnRedis } from '../support/redis.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())

function settings(folder = createScratchFolder('supervisor')) {
  return {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    TOLLGATE_KEY_PREFIX: createKeyPrefix().slice(0, -1),
    TOLLGATE_DATA_FOLDER: folder,
    TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
    TOLLGATE_OPS_ADDRESS: '127.0.0.1:0',
    TOLLGATE_DRAIN_MS: '50',
  }
}

test('several processes without REDIS_URL are refused in one sentence, exit code 2', async () => {
  const { REDIS_URL: _, ...without } = settings()
  const { code, text } = await runTollgate(without, ['serve', '--processes', '2'])
  expect(text).toBe('tollgate: serve --processes 2 needs REDIS_URL: several processes count together only in Redis.\n')
  expect(code).toBe(2)
})

test('a number of processes that is none is a wrong command line', async () => {
  const { code, text } = await runTollgate(settings(), ['serve', '--processes', '65'])
  expect(text).toContain('It is a whole number from 1 to 64')
  expect(code).toBe(2)
})

test('when a process cannot start for what only somebody can mend, all end with its exit code', async () => {
  const given = settings()
  mkdirSync(given.TOLLGATE_GRPC_SOCKET.replace('.sock', '-1.sock'))
  const { code, text } = await runTollgate(given, ['serve', '--processes', '2'])
  expect(text).toContain('tollgate-1.sock exists and is not a socket')
  expect(text).toContain('The serving processes end as soon as they start (exit code 2)')
  expect(code).toBe(2)
})

test('readyz says what Redis is not set to, and names the process; so does a metric', async () => {
  const redis = await startOwnRedis()
  const admin = new Redis(redis.url)
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const { TOLLGATE_OPS_ADDRESS: _, ...rest } = { ...settings(), REDIS_URL: redis.url }
  const logFile = join(rest.TOLLGATE_DATA_FOLDER, 'log')
  const tollgate = await serveTollgate({ settings: rest, logFile, processes: 2 })
  const ready = await (await fetch(`${tollgate.opsUrl}/readyz`)).text()
  const metrics = await (await fetch(`${tollgate.opsUrl}/metrics`)).text()
  await tollgate.stop()
  admin.disconnect()
  await redis.kill()
  expect(ready).toBe(
    ['0', '1']
      .map(
        (name) =>
          `warning: process ${name}: Redis may drop counters: its maxmemory-policy is allkeys-lru, not noeviction\n`,
      )
      .reduce((page, line) => page + line, 'ready\n'),
  )
  expect(metrics).toContain('tollgate_redis_may_evict{process="1"} 1')
})

/** Two processes behind a supervisor, and their pids. */
async function startTwo() {
  const { TOLLGATE_OPS_ADDRESS: _, ...given } = settings()
  const logFile = join(given.TOLLGATE_DATA_FOLDER, 'log')
  const tollgate = await serveTollgate({ settings: given, logFile, processes: 2 })
  const log = (): string => readFileSync(logFile, 'utf8')
  const pids = [...log().matchAll(/"pid":(\d+),"event":"process_ready"/g)].map(([, pid = '']) => pid)
  expect(pids).toHaveLength(2)
  return { tollgate, pids, log }
}

test('the processes end when their supervisor is killed', async () => {
  const { tollgate, pids } = await startTwo()
  await tollgate.kill()
  await expect.poll(() => pids.filter(isRunning), { timeout: 10_000 }).toEqual([])
})

test('one Ctrl-C, which reaches every process of a terminal, ends all in order', async () => {
  const { tollgate, pids, log } = await startTwo()
  for (const pid of [...pids, String(tollgate.pid)]) process.kill(Number(pid), 'SIGINT')
  expect(await tollgate.ended).toBe(0)
  expect(pids.filter(isRunning)).toEqual([])
  for (const name of ['0', '1']) expect(log()).toMatch(new RegExp(`"process":"${name}".*"event":"stopped"`))
})
