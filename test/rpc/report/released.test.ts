import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type ExpectStatic, test } from 'vitest'
import { serveTollgate } from '../../../demo/tollgate.ts'
import { createScratchFolder, createSocketFolder } from '../../../scripts/state-folder.ts'
import { createKeyPrefix, sharedRedisUrl } from '../../support/redis.ts'
import { createLogClient } from '../support/log-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
/** Just above what makes "nobody reported it" mean that Envoy never had it: hold, Check, periodic entry, silence and sweep. */
const settings = { TOLLGATE_CHECK_MS_MAX: '200', TOLLGATE_RESERVATION_MS: '10000' }
const endedMs = 14_000

async function startPriced(keyPrefix: string): Promise<TestPlane> {
  const plane = await startPlane({ settings: { ...settings, TOLLGATE_KEY_PREFIX: keyPrefix } })
  await plane.policy(`
    UPDATE tollgate.price_rule SET assumed_bytes = 2000000 WHERE id = 'artifact';
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day')`)
  return plane
}

/** A Check that is allowed and never reported, and what the quota shows before and after it ended. */
async function forget(
  { plane, expect }: { readonly plane: TestPlane; readonly expect: ExpectStatic },
  onSpent: () => PromiseLike<void> | void,
): Promise<readonly [number, number]> {
  const token = await plane.token()
  const client = plane.client()
  const used = async (): Promise<number> =>
    JSON.parse((await client.check({ token, path: '/quota/status', extensions: upstream })).body).used
  // A beat of everybody else, so that their coming is before the spend.
  await delay(600)
  await client.check({ token, path: wheel, extensions: upstream })
  const before = await used()
  await onSpent()
  await expect.poll(() => plane.counts.get('reservations_expired_total') ?? 0, { timeout: endedMs }).toBe(1)
  return [before, await used()]
}

const booked = `SELECT state, unsettled, outcome, credits FROM tollgate.usage_entry`

test.concurrent('a reservation that nobody reports while no log stream broke is released: Envoy never had it', async ({
  expect,
}) => {
  await using plane = await startPriced(createKeyPrefix().slice(0, -1))
  const logs = createLogClient(plane.address)
  logs.send({})
  expect(await forget({ plane, expect }, () => undefined)).toEqual([3, 0])
  expect(await plane.sql(booked)).toEqual([])
  logs.close()
})

test.concurrent('it is booked at its estimate when a log stream was cut since', async ({ expect }) => {
  await using plane = await startPriced(createKeyPrefix().slice(0, -1))
  const logs = createLogClient(plane.address)
  logs.send({})
  expect(await forget({ plane, expect }, () => logs.close())).toEqual([3, 3])
  await expect
    .poll(() => plane.sql(booked))
    .toEqual([{ state: 'open', unsettled: true, outcome: 'unknown', credits: '3.000' }])
})

test.concurrent('it is booked at its estimate when another process of the store was killed since', async ({
  expect,
}) => {
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using plane = await startPriced(keyPrefix)
  const folder = createScratchFolder('released')
  const other = await serveTollgate({
    logFile: join(folder, 'log'),
    settings: {
      ...settings,
      DATABASE_URL: plane.databaseUrl,
      REDIS_URL: sharedRedisUrl(),
      TOLLGATE_KEY_PREFIX: keyPrefix,
      TOLLGATE_DATA_FOLDER: folder,
      TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
      TOLLGATE_ROLES: 'none',
    },
  })
  expect(await forget({ plane, expect }, () => other.kill())).toEqual([3, 3])
  await expect.poll(() => plane.sql(booked)).toMatchObject([{ unsettled: true }])
})

test.concurrent('it is released when another process drained and left in order', async ({ expect }) => {
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using plane = await startPriced(keyPrefix)
  const beside = await startPlane({ settings, beside: { databaseUrl: plane.databaseUrl, keyPrefix } })
  const logs = createLogClient(beside.address)
  logs.send({})
  expect(await forget({ plane, expect }, () => beside[Symbol.asyncDispose]())).toEqual([3, 0])
  logs.close()
})
