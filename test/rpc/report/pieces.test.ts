import { expect, test } from 'vitest'
import { createKeyPrefix } from '../../support/redis.ts'
import { createLogClient, type LogAsk } from '../support/log-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }

interface Downloader {
  readonly plane: TestPlane
  /** Asks for the wheel and reports how that ended. */
  fetch(ended: LogAsk, headers?: Readonly<Record<string, string>>): Promise<void>
  /** Credits of the account's day. */
  used(): Promise<number>
}

/** 10 credits for the download, 1 for each MB. */
async function startDownloader(plane: TestPlane): Promise<Downloader> {
  await plane.policy(`
    UPDATE tollgate.price_rule SET base_credits = 10 WHERE id = 'artifact';
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 1000, 'day')`)
  const token = await plane.token()
  const client = plane.client()
  const logs = createLogClient(plane.address)
  let ended = 0
  return {
    plane,
    async fetch(ask, headers = {}) {
      const { metadata } = await client.check({ token, path: wheel, extensions: upstream, headers })
      logs.send({ ...ask, ticket: metadata['ticket'] ?? '' })
      ended += 1
      await expect.poll(() => plane.counts.get('reports_total[final,booked]')).toBe(ended)
    },
    used: async () =>
      JSON.parse((await client.check({ token, path: '/quota/status', extensions: upstream })).body).used,
  }
}

test.each(['redis', 'memory'] as const)(
  'a download that broke off is resumed on one base price (%s store)',
  async (store) => {
    await using plane = await startPlane({ store })
    const { fetch, used } = await startDownloader(plane)
    await fetch({ bodyBytes: 12_000_000, contentLength: 30_000_000, aborted: true })
    expect(await used()).toBe(22)
    const range = 'bytes=12000000-'
    await fetch({ status: 206, bodyBytes: 18_000_000, range }, { range, 'if-range': '"tag"' })
    expect(await used()).toBe(40)
  },
)

test('a repeat from the first byte after a broken download pays for its bytes alone, a new download pays whole', async () => {
  await using plane = await startPlane()
  const { fetch, used } = await startDownloader(plane)
  await fetch({ bodyBytes: 12_000_000, contentLength: 30_000_000, aborted: true })
  await fetch({ bodyBytes: 30_000_000 })
  expect(await used()).toBe(10 + 12 + 30)
  await fetch({ bodyBytes: 30_000_000 })
  expect(await used()).toBe(10 + 12 + 30 + 10 + 30)
})

test('a repeat that was asked for before the broken download was logged pays no second base price, however often it is logged', async () => {
  await using plane = await startPlane()
  const { used } = await startDownloader(plane)
  const token = await plane.token('bob')
  const logs = createLogClient(plane.address)
  const client = plane.client()
  const spend = async () => (await client.check({ token, path: wheel, extensions: upstream })).metadata['ticket'] ?? ''
  const bobUsed = async () =>
    JSON.parse((await client.check({ token, path: '/quota/status', extensions: upstream })).body).used
  const first = await spend()
  const second = await spend()
  logs.send({ ticket: first, bodyBytes: 1_000_000, contentLength: 9_000_000, aborted: true })
  await expect.poll(bobUsed).toBe(11 + 10)
  const entry = { ticket: second, bodyBytes: 9_000_000 }
  logs.send(entry, entry)
  logs.send(entry)
  await expect.poll(() => plane.counts.get('reports_total[final,booked]')).toBe(4)
  expect(await bobUsed()).toBe(11 + 9)
  expect(await used()).toBe(0)
  logs.close()
})

test('a broken download that another process saw is resumed on one base price', async () => {
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using first = await startPlane({ settings: { TOLLGATE_KEY_PREFIX: keyPrefix } })
  await startDownloader(first)
  await using second = await startPlane({ beside: { databaseUrl: first.databaseUrl, keyPrefix } })
  const token = await first.token()
  const logs = createLogClient(second.address)
  const one = first.client()
  const other = second.client()
  const ask = { token, path: wheel, extensions: upstream }
  const broken = (await one.check(ask)).metadata['ticket'] ?? ''
  logs.send({ ticket: broken, bodyBytes: 12_000_000, contentLength: 30_000_000, aborted: true })
  const range = 'bytes=12000000-'
  const estimate = async (): Promise<number> => {
    const { metadata } = await one.check({ ...ask, headers: { range } })
    const used = JSON.parse((await other.check({ ...ask, path: '/quota/status' })).body).used
    logs.send({ ticket: metadata['ticket'] ?? '', status: 304, bodyBytes: 0 })
    return used
  }
  await expect.poll(estimate).toBe(22)
  logs.close()
})

test('the same part of a file pays its base price each time, and a file charged at the door is never had for nothing', async () => {
  await using plane = await startPlane()
  const { fetch, used } = await startDownloader(plane)
  const range = 'bytes=1-'
  for (let times = 0; times < 3; times += 1) await fetch({ status: 206, bodyBytes: 2_999_999, range }, { range })
  expect(await used()).toBe(39)
  await plane.policy(`
    DELETE FROM tollgate.price_tier;
    UPDATE tollgate.price_rule SET charged = 'at_the_door', base_credits = 50 WHERE id = 'artifact'`)
  await fetch({ bodyBytes: 1_000, contentLength: 3_000_000, aborted: true })
  await fetch({ bodyBytes: 3_000_000 })
  expect(await used()).toBe(139)
})
