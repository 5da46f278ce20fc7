import { expect, test } from 'vitest'
import { reportOf } from '../../../src/check/report.ts'
import { createTicketSigner } from '../../../src/check/ticket.ts'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
const daily = (amount: number): string =>
  `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'requests', ${amount}, 'day')`

const keyPrefix = `accuracy-${process.pid}`
/** One process plays both servers and all clients here, so a Check may wait long for its turn. */
const patient = { TOLLGATE_CHECK_MS_MAX: '10000', TOLLGATE_IN_FLIGHT_MAX: '5000' }

test('2,000 Checks at once against a quota of 100 on two processes’ worth of servers admit exactly 100', async () => {
  await using first = await startPlane({ settings: { ...patient, TOLLGATE_KEY_PREFIX: keyPrefix } })
  await using second = await startPlane({
    settings: patient,
    beside: { databaseUrl: first.databaseUrl, keyPrefix },
  })
  await first.policy(daily(100))
  const token = await first.token()
  await expect
    .poll(async () => (await second.client(5_000).check({ token, path: '/quota/status', extensions: upstream })).status)
    .toBe(200)
  const clients = Array.from({ length: 40 }, (_, nth) => (nth % 2 === 0 ? first : second).client(20_000))
  const answers = await Promise.all(
    clients.flatMap((client) =>
      Array.from({ length: 50 }, () => client.check({ token, path: wheel, extensions: upstream })),
    ),
  )
  expect(answers.filter(({ allowed }) => allowed)).toHaveLength(100)
  expect(answers.filter(({ status }) => status === 302)).toHaveLength(1_900)
})

test('a limit that changes by SQL acts on the running window, both ways', async () => {
  await using plane = await startPlane()
  await plane.policy(daily(2))
  const client = plane.client()
  const token = await plane.token()
  const passes = async (): Promise<boolean> =>
    (await client.check({ token, path: wheel, extensions: upstream })).allowed
  expect([await passes(), await passes(), await passes()]).toEqual([true, true, false])
  await plane.policy(`UPDATE tollgate.limit_rule SET amount = 3`)
  expect([await passes(), await passes()]).toEqual([true, false])
  await plane.policy(`UPDATE tollgate.limit_rule SET amount = 1`)
  expect(await passes()).toBe(false)
})

test('a limit added later has seen what was used before', async () => {
  await using plane = await startPlane()
  const client = plane.client()
  const token = await plane.token()
  for (let time = 0; time < 3; time += 1) await client.check({ token, path: wheel, extensions: upstream })
  await plane.policy(daily(3))
  expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(false)
})

test('the ticket carries what a report needs to price the real bytes without the policy of the day', async () => {
  await using plane = await startPlane()
  await plane.policy(`INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 0.5)`)
  const { metadata } = await plane.client().check({ token: await plane.token(), path: wheel, extensions: upstream })
  const [{ ticket_key: key } = {}] = await plane.sql('SELECT ticket_key FROM tollgate.store_meta')
  const opened = createTicketSigner(Buffer.from(String(key), 'hex')).open(metadata['ticket'] ?? '', Date.now())
  if (typeof opened === 'string') throw new Error(opened)
  expect(opened.estimate).toEqual({ requests: 1, credits: 1_000, bytes: 0, gpu_ms: 0 })
  const entry = {
    ...{ node: 'n', checked: true, type: 'end' as const, requestId: 'r', method: 'GET', path: wheel, status: 200 },
    ...{
      details: 'via_upstream',
      bodyBytes: 3_000_001,
      wireBytes: 3_000_500,
      requestBodyBytes: 0,
      aborted: false,
      durationMs: 5,
    },
    ...{ range: '', contentLengthBytes: 3_000_001, contentRange: '' },
  }
  // 1 credit + 3.000001 MB × 0.5 = 2.5000005 credits, rounded up once to a millicredit.
  expect(reportOf(entry, { ticket: opened, reservationMs: 1 }).amounts).toEqual({
    requests: 1,
    credits: 2_501,
    bytes: 3_000_001,
    gpu_ms: 0,
  })
})
