import { expect, test } from 'vitest'
import { createLogClient } from '../support/log-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }

/** 1 credit and 1 for each MB; a size that is not known is taken for 2 MB; 100 credits a day. */
async function startPriced(store: 'redis' | 'memory'): Promise<TestPlane> {
  const plane = await startPlane({ store })
  await plane.policy(`
    UPDATE tollgate.price_rule SET assumed_bytes = 2000000 WHERE id = 'artifact';
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day')`)
  return plane
}

function usedBy(plane: TestPlane, token: string): () => Promise<number> {
  const client = plane.client()
  return async () => JSON.parse((await client.check({ token, path: '/quota/status', extensions: upstream })).body).used
}

test.each(['redis', 'memory'] as const)(
  'the bytes that were sent replace the estimate, once, in counter and ledger (%s store)',
  async (store) => {
    await using plane = await startPriced(store)
    const token = await plane.token()
    const used = usedBy(plane, token)
    const { metadata } = await plane.client().check({ token, path: wheel, extensions: upstream })
    expect(await used()).toBe(3)
    const logs = createLogClient(plane.address)
    const ticket = metadata['ticket'] ?? ''
    logs.send({ ticket, bodyBytes: 5_000_000 }, { ticket, bodyBytes: 5_000_000 })
    logs.send({ ticket, bodyBytes: 5_000_000 })
    await expect.poll(used).toBe(6)
    await expect.poll(async () => (await plane.sql('SELECT * FROM tollgate.usage_entry')).length).toBe(1)
    expect(
      await plane.sql(
        'SELECT account, resource, outcome, state, unsettled, requests, credits, bytes FROM tollgate.usage_entry',
      ),
    ).toEqual([
      {
        account: 'alice',
        resource: 'demo',
        outcome: 'delivered',
        state: 'final',
        unsettled: false,
        requests: '1',
        credits: '6.000',
        bytes: '5000000',
      },
    ])
    expect(await used()).toBe(6)
    logs.close()
  },
)

test('an abandoned HTTP/2 download is charged by what went over the wire', async () => {
  await using plane = await startPriced('redis')
  const token = await plane.token()
  const used = usedBy(plane, token)
  const { metadata } = await plane.client().check({ token, path: wheel, extensions: upstream })
  const logs = createLogClient(plane.address)
  logs.send({ ticket: metadata['ticket'] ?? '', bodyBytes: 20_000_000, wireBytes: 10_000_000, aborted: true })
  await expect.poll(used).toBe(11)
  logs.close()
})

test.each([
  [{ status: 304, bodyBytes: 0 }],
  [{ method: 'HEAD', bodyBytes: 0 }],
  [{ status: 404, bodyBytes: 500 }],
  [{ status: 503, bodyBytes: 500 }],
  [{ status: 0, bodyBytes: 0 }],
])('%j gives the estimate back', async (ask) => {
  await using plane = await startPriced('redis')
  const token = await plane.token()
  const used = usedBy(plane, token)
  const { metadata } = await plane.client().check({ token, path: wheel, extensions: upstream })
  expect(await used()).toBe(3)
  const logs = createLogClient(plane.address)
  logs.send({ ticket: metadata['ticket'] ?? '', ...ask })
  await expect.poll(used).toBe(0)
  logs.close()
})

test('a long download is charged while it runs, and its end decides', async () => {
  await using plane = await startPriced('redis')
  const token = await plane.token()
  const used = usedBy(plane, token)
  const { metadata } = await plane.client().check({ token, path: wheel, extensions: upstream })
  const logs = createLogClient(plane.address)
  const ticket = metadata['ticket'] ?? ''
  logs.send({ ticket, type: 'DownstreamPeriodic', bodyBytes: 9_000_000 })
  await expect.poll(used).toBe(10)
  logs.send({ ticket, type: 'DownstreamPeriodic', bodyBytes: 1_000_000 })
  logs.send({ ticket, bodyBytes: 9_500_000 })
  await expect.poll(used).toBe(11)
  logs.close()
})

test('a size that was learnt from a complete answer is reserved the next time', async () => {
  await using plane = await startPriced('redis')
  const token = await plane.token()
  const used = usedBy(plane, token)
  const client = plane.client()
  const logs = createLogClient(plane.address)
  const first = await client.check({ token, path: wheel, extensions: upstream })
  logs.send({ ticket: first.metadata['ticket'] ?? '', bodyBytes: 50_000_000 })
  await expect.poll(used).toBe(51)
  const second = await client.check({ token, path: wheel, extensions: upstream })
  // 49 credits are left and 51 are needed: refused before a byte is sent, though it would fit an empty day.
  expect(second.status).toBe(302)
  logs.close()
})

test('an upload reserves what it says it will send, and is charged by what it sent', async () => {
  await using plane = await startPriced('redis')
  await plane.policy(`
    INSERT INTO tollgate.price_rule (id, surface, kind, base_credits, assumed_bytes) VALUES ('upload', 'pypi', 'upload', 1, 0);
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('upload', 0, 0.5)`)
  const token = await plane.token()
  const used = usedBy(plane, token)
  const upload = (megabytes: number) => {
    const headers = { 'content-length': String(megabytes * 1_000_000), 'user-agent': 'twine/7.0.0 CPython/3.11.7' }
    return plane.client().check({ token, method: 'POST', path: '/legacy/', extensions: upstream, headers })
  }
  const { metadata } = await upload(20)
  expect(await used()).toBe(11)
  const logs = createLogClient(plane.address)
  const sent = { method: 'POST', path: '/legacy/', bodyBytes: 200, requestBodyBytes: 18_000_000 }
  logs.send({ ticket: metadata['ticket'] ?? '', ...sent })
  await expect.poll(used).toBe(10)
  expect((await upload(1_000)).status).toBe(403)
  logs.close()
})

test('a call with the longest path that is served is settled like any other', async () => {
  await using plane = await startPriced('redis')
  const token = await plane.token()
  const path = `/${'é"'.repeat(2_700)}`
  const { allowed, metadata } = await plane
    .client()
    .check({ token, method: 'POST', path, extensions: { upstream: 'gpu' } })
  expect(allowed).toBe(true)
  const logs = createLogClient(plane.address)
  logs.send({ ticket: metadata['ticket'] ?? '', method: 'POST', path, status: 404 })
  await expect.poll(usedBy(plane, token)).toBe(0)
  expect(plane.counts.get('access_log_entries_total[forged]')).toBeUndefined()
  logs.close()
})

test('nobody reports: the estimate is booked when the reservation expires, and a late report still wins', async () => {
  await using plane = await startPlane({ settings: { TOLLGATE_RESERVATION_MS: '10000' } })
  await plane.policy(`UPDATE tollgate.price_rule SET base_credits = 7 WHERE id = 'artifact'`)
  const token = await plane.token()
  const { metadata } = await plane.client().check({ token, path: wheel, extensions: upstream })
  const entries = () => plane.sql('SELECT state, unsettled, outcome, credits FROM tollgate.usage_entry')
  await expect
    .poll(entries, { timeout: 30_000, interval: 200 })
    .toEqual([{ state: 'open', unsettled: true, outcome: 'unknown', credits: '7.000' }])
  const logs = createLogClient(plane.address)
  logs.send({ ticket: metadata['ticket'] ?? '', status: 304, bodyBytes: 0 })
  await expect
    .poll(entries, { timeout: 10_000 })
    .toEqual([{ state: 'final', unsettled: false, outcome: 'not_modified', credits: '0.000' }])
  logs.close()
})
