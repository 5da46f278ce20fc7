import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import { runCommand } from '../../demo/command.ts'
import type { World } from '../../demo/world.ts'
import { bundledPostgresFolder } from '../../src/postgres/embedded.ts'
import { addAccount } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

let world: World
let token: string

beforeAll(async () => {
  world = await createWorld({ store: 'redis', settings: { TOLLGATE_LOG_LEVEL: 'trace' } })
  token = await addAccount(world, 'canary')
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  const url = `${world.baseUrl}/simple/fig/`
  const forms = [
    `Bearer ${token}`,
    basic(`__token__:${token}`),
    basic(`${token}:`),
    `Bearer ${token},Bearer ${token}`,
    token,
  ]
  for (const authorization of forms) await call({ url, headers: { authorization } })
  await call({ url: `${url}?token=${token}`, token })
  await call({ url: `${world.baseUrl}/gpu/v1/models`, token, method: 'POST' })
  await world.installers.pip('26.3', { indexUrl: world.indexUrl(token), packages: ['gooseberry'] })
  await world.sql(`UPDATE tollgate.token SET revoked_at = now() WHERE account = 'canary'`)
  await untilReply({ url, token }, ({ status }) => status === 401, 5_000)
  const booked = () => world.sql(`SELECT FROM tollgate.usage_entry WHERE account = 'canary' AND state = 'final'`)
  await vi.waitFor(async () => expect((await booked()).length).toBeGreaterThan(3), { timeout: 15_000, interval: 50 })
})

afterAll(() => world.stop())

/** The parts of the secret, and how Basic spells it at each of the three offsets that base64 knows. */
function spellings(): readonly string[] {
  const offsets = ['', 'x', 'xx'].map((before) =>
    Buffer.from(`${before}${token}`)
      .toString('base64')
      .slice(before === '' ? 0 : 4, -4),
  )
  return [token.slice(3, 33), ...offsets]
}

function expectNone(text: string): void {
  for (const spelling of spellings()) expect(text.includes(spelling)).toBe(false)
}

test('the spellings would find the token in a Basic header', () => {
  for (const text of [`__token__:${token}`, `:${token}`, `${token}:`]) {
    const encoded = Buffer.from(text).toString('base64')
    expect(spellings().some((spelling) => encoded.includes(spelling))).toBe(true)
  }
})

test('the token reaches no upstream', () => {
  const mirrored = world.mirror.requests()
  expect(mirrored.length).toBeGreaterThan(5)
  expectNone(JSON.stringify(mirrored.map(({ rawHeaders }) => rawHeaders)))
  expectNone(JSON.stringify(world.gpu.requests().map(({ rawHeaders }) => rawHeaders)))
  const names = mirrored.flatMap(({ rawHeaders }) => rawHeaders.filter((_, index) => index % 2 === 0))
  expect(names.map((name) => name.toLowerCase())).not.toContain('authorization')
})

test('the token stands in no log and no metric', async () => {
  const log = readFileSync(world.logFile, 'utf8')
  expect(log.length).toBeGreaterThan(0)
  expectNone(log)
  expectNone(world.envoy.log())
  const metrics = await call({ url: `${world.tollgate.opsUrl}/metrics` })
  expect(metrics.body).toContain('tollgate_')
  expectNone(metrics.body)
  expectNone(JSON.stringify(await world.envoy.stats()))
})

test('the token stands in no row and no key', async () => {
  const dump = await runCommand({
    file: join(bundledPostgresFolder, 'bin/pg_dump'),
    args: ['--data-only', '--column-inserts', '--dbname', world.settings['DATABASE_URL'] ?? ''],
    environment: { LC_ALL: 'C' },
    folder: world.folder,
  })
  expect(dump.stdout).toContain('INSERT INTO tollgate.usage_entry')
  expectNone(dump.stdout)
  const redis = new Redis(inject('redisUrl'))
  const keys = await redis.keys(`*${world.settings['TOLLGATE_KEY_PREFIX']}*`)
  const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)))
  redis.disconnect()
  expect(keys.length).toBeGreaterThan(0)
  expectNone(keys.join() + values.map((value) => value?.toString('latin1')).join())
})
