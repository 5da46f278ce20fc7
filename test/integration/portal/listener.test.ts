import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serveTollgate } from '../../../demo/tollgate.ts'
import { createScratchFolder, createSocketFolder } from '../../../scripts/state-folder.ts'
import { findFreePort } from '../../../src/postgres/free-port.ts'
import { createDatabase } from '../../support/databases.ts'
import { callAt, seedPeople, startPortalPlane } from '../../support/portal.ts'
import { createKeyPrefix, sharedRedisUrl } from '../../support/redis.ts'

test('an address that is taken ends the start with a sentence', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => blocker.once('listening', resolve))
  const { port } = blocker.address() as { port: number }
  const settings = { TOLLGATE_PUBLIC_ADDRESS: `127.0.0.1:${port}` }
  await expect(startPortalPlane({ store: 'memory', settings })).rejects.toThrow(
    `Another process listens on TOLLGATE_PUBLIC_ADDRESS 127.0.0.1:${port}`,
  )
  await new Promise((resolve) => blocker.close(resolve))
})

test('without TOLLGATE_PUBLIC_ADDRESS there is no API', async () => {
  await using portal = await startPortalPlane({ store: 'memory', settings: { TOLLGATE_PUBLIC_ADDRESS: '' } })
  expect(portal.portal).toBeUndefined()
})

test('processes of one supervisor listen on one port, and go on answering while one of them ends', async () => {
  await using database = await disposable()
  const keyPrefix = createKeyPrefix().slice(0, -1)
  const first = await startPortalPlane({
    isSupervised: true,
    settings: { TOLLGATE_KEY_PREFIX: keyPrefix, TOLLGATE_DRAIN_MS: '2000' },
    database,
  })
  const people = await seedPeople(first)
  await first.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, burst, every) VALUES
    ('api', 'api-requests', 'rate', 'requests', 'account', 'api', 10000, 10000, '1 second')`)
  const port = first.portal?.port ?? 0
  await using second = await startPortalPlane({
    ...{ isSupervised: true, beside: { databaseUrl: first.databaseUrl, keyPrefix } },
    settings: { TOLLGATE_PUBLIC_ADDRESS: `127.0.0.1:${port}`, TOLLGATE_DRAIN_MS: '2000' },
  })
  expect(second.portal?.port).toBe(port)
  const codes: number[] = []
  const ask = async (): Promise<void> => {
    // A new connection each time, so that the kernel chooses among both.
    const told = await callAt(first.url, 'GET /api/me', { token: people.alice, headers: { connection: 'close' } })
    codes.push(told.status)
  }
  for (let call = 0; call < 40; call += 1) await ask()
  const ended = first[Symbol.asyncDispose]()
  for (let call = 0; call < 40; call += 1) await ask().catch(() => codes.push(0))
  await ended
  for (let call = 0; call < 10; call += 1) await ask()
  expect(codes.filter((code) => code === 200).length).toBeGreaterThanOrEqual(88)
})

test('serve --processes 2 serves the API from both processes on one port', async () => {
  await using database = await disposable()
  const folder = createScratchFolder('portal')
  const port = await findFreePort()
  const settings = {
    ...{ DATABASE_URL: database.url, REDIS_URL: sharedRedisUrl(), TOLLGATE_DATA_FOLDER: folder },
    TOLLGATE_KEY_PREFIX: createKeyPrefix().slice(0, -1),
    TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
    ...{ TOLLGATE_PUBLIC_ADDRESS: `127.0.0.1:${port}`, TOLLGATE_DRAIN_MS: '50' },
  }
  const tollgate = await serveTollgate({ settings, logFile: join(folder, 'log'), processes: 2 })
  try {
    const pids = new Set<unknown>()
    for (let call = 0; call < 60; call += 1) {
      const told = await callAt(`http://127.0.0.1:${port}`, 'GET /api/me', { headers: { connection: 'close' } })
      expect(told.status).toBe(401)
    }
    const metrics = await (await fetch(`${tollgate.opsUrl}/metrics`)).text()
    for (const [, process, count] of metrics.matchAll(/^tollgate_api_requests_total\{(.*)\} (\d+)$/gm)) {
      if (Number(count) > 0) pids.add(process)
    }
    expect(pids.size).toBe(2)
  } finally {
    await tollgate.stop()
  }
})

async function disposable() {
  const { url, drop } = await createDatabase()
  return { url, [Symbol.asyncDispose]: () => drop() }
}
