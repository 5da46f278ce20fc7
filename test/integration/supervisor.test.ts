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
async function startTwo(own: Readonly<Record<string, string>> = {}) {
  const { TOLLGATE_OPS_ADDRESS: _, ...given } = { ...settings(), ...own }
  const logFile = join(given.TOLLGATE_DATA_FOLDER, 'log')
  const tollgate = await serveTollgate({ settings: given, logFile, processes: 2 })
  const log = (): string => readFileSync(logFile, 'utf8')
  const pidsOf = () => [...log().matchAll(/"pid":(\d+),"event":"process_ready"/g)].map(([, pid = '']) => pid)
  // The last line may be written after readyz has said that all are ready.
  await expect.poll(pidsOf, { timeout: 10_000 }).toHaveLength(2)
  return { tollgate, pids: pidsOf(), log }
}

/** Drains that last: a signal comes in the middle of them. */
const slowly = { TOLLGATE_DRAIN_MS: '2000' }

/** Names of those that said that they have stopped, their drain behind them. */
function stoppedNames(log: string): readonly string[] {
  return [...log.matchAll(/"process":"(\d)".*"event":"stopped"/g)].map(([, name = '']) => name).sort()
}

test.each(['SIGHUP', 'SIGTERM to one process'])(
  'SIGTERM of the supervisor in the middle of %s: all drain to their end',
  async (first) => {
    const { tollgate, pids, log } = await startTwo(slowly)
    if (first === 'SIGHUP') process.kill(tollgate.pid, 'SIGHUP')
    else process.kill(Number(pids[0]), 'SIGTERM')
    await expect.poll(log, { timeout: 10_000 }).toMatch(/"process":"\d".*"event":"stopping"/)
    process.kill(tollgate.pid, 'SIGTERM')
    expect(await tollgate.ended).toBe(0)
    expect(stoppedNames(log())).toEqual(['0', '1'])
    expect(log()).not.toContain('"event":"renewed"')
  },
)

test('a second SIGTERM of the supervisor kills all, and its exit code says so', async () => {
  const { tollgate, pids, log } = await startTwo({ TOLLGATE_DRAIN_MS: '60000' })
  process.kill(tollgate.pid, 'SIGTERM')
  await expect.poll(log, { timeout: 10_000 }).toMatch(/"process":"1".*"event":"stopping"/)
  process.kill(tollgate.pid, 'SIGTERM')
  expect(await tollgate.ended).toBe(1)
  expect(pids.filter(isRunning)).toEqual([])
  expect(log()).toContain('did not end in order: killed by SIGKILL')
})

test('an unknown option is refused, and so is a process name that no supervisor gave', async () => {
  const mistyped = await runTollgate(settings(), ['serve', '--process', '2'])
  expect(mistyped).toMatchObject({ code: 2, text: expect.stringContaining("Unknown option '--process'") })
  const named = await runTollgate({ ...settings(), TOLLGATE_SERVING_PROCESS: '0' }, ['serve'])
  expect(named).toMatchObject({
    code: 2,
    text: expect.stringContaining('TOLLGATE_SERVING_PROCESS is not a setting of Tollgate'),
  })
})

test('a store of another data format ends the supervisor at the first try', async () => {
  const given = settings()
  const redis = new Redis(given.REDIS_URL)
  await redis.set(`${given.TOLLGATE_KEY_PREFIX}:meta`, 'format=1 partitions=64')
  const { code, text } = await runTollgate(given, ['serve', '--processes', '2'])
  redis.disconnect()
  expect(text).toContain('partitions=64')
  expect(text).toContain('The serving processes end as soon as they start (exit code 2)')
  expect(text).not.toContain('"event":"process_ended"')
  expect(code).toBe(2)
})

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

test('alone, a second Ctrl-C ends a drain at once', async () => {
  const { TOLLGATE_OPS_ADDRESS: _, ...given } = { ...settings(), TOLLGATE_DRAIN_MS: '60000' }
  const logFile = join(given.TOLLGATE_DATA_FOLDER, 'log')
  const tollgate = await serveTollgate({ settings: given, logFile })
  process.kill(tollgate.pid, 'SIGINT')
  await expect.poll(() => readFileSync(logFile, 'utf8'), { timeout: 10_000 }).toContain('"event":"stopping"')
  process.kill(tollgate.pid, 'SIGINT')
  expect(await tollgate.ended).toBeUndefined()
})
