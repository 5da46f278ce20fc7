import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTicketSigner } from '../../src/check/ticket.ts'
import { createLogClient, type LogAsk } from '../rpc/support/log-client.ts'
import { startPlane, type TestPlane } from '../rpc/support/plane.ts'
import { seedOfRun } from './support/length.ts'
import { createRandom } from './support/random.ts'

const hourMs = 3_600_000
const random = createRandom(seedOfRun)

let plane: TestPlane
let token: string

beforeAll(async () => {
  plane = await startPlane()
  await plane.policy(`
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 1000000000, 'day')`)
  token = await plane.token()
})

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
})

async function ticketFor(file: string, secret = token): Promise<string> {
  const ask = { token: secret, path: `/packages/aa/${file}`, extensions: { upstream: 'mirror' } }
  const { metadata } = await plane.client().check(ask)
  return metadata['ticket'] ?? ''
}

const rows = (file: string) =>
  plane.sql('SELECT state, outcome, credits, bytes::text FROM tollgate.usage_entry WHERE file = $1', [file])

/** Sent in messages of 200 entries, as a busy Envoy does; resolves when all were taken. */
async function sendAll(asks: readonly LogAsk[]): Promise<void> {
  const logs = createLogClient(plane.address)
  for (let from = 0; from < asks.length; from += 200) logs.send(...asks.slice(from, from + 200))
  await logs.finish()
}

/** Tampers with one character of the text. */
function forged(ticket: string): string {
  const at = Math.floor(random() * ticket.length)
  return `${ticket.slice(0, at)}${ticket[at] === 'x' ? 'y' : 'x'}${ticket.slice(at + 1)}`
}

/** How often each kind of entry was counted, since `before`. */
function countedSince(before: ReadonlyMap<string, number>, kind: string): number {
  const name = `access_log_entries_total[${kind}]`
  return (plane.counts.get(name) ?? 0) - (before.get(name) ?? 0)
}

test(`10,000 forged, foreign, old and absent tickets charge nobody, and each is counted (seed ${seedOfRun})`, async () => {
  const file = 'honest-1.0-py3-none-any.whl'
  const ticket = await ticketFor(file)
  const [{ ticket_key: key } = {}] = await plane.sql('SELECT ticket_key FROM tollgate.store_meta')
  const signer = createTicketSigner(Buffer.from(String(key), 'hex'))
  const opened = signer.open(ticket, Date.now())
  if (typeof opened === 'string') throw new Error(opened)
  const foreign = createTicketSigner(Buffer.alloc(32, 1)).sign({ ...opened, meta: { ...opened.meta, account: 'bob' } })
  const old = signer.sign({ ...opened, at: Date.now() - 49 * hourMs })
  const kinds = [() => forged(ticket), () => foreign, () => old, () => '', () => 'x'.repeat(40_000)]
  const before = new Map(plane.counts)
  await sendAll(
    Array.from({ length: 10_000 }, (_, index) => ({ ticket: kinds[index % 5]?.() ?? '', bodyBytes: 7_000_000 })),
  )
  await sendAll([{ ticket, bodyBytes: 1_000_000 }])
  await expect
    .poll(() => rows(file))
    .toEqual([{ state: 'final', outcome: 'delivered', credits: '2.000', bytes: '1000000' }])
  expect(await plane.sql('SELECT count(*)::int AS entries FROM tollgate.usage_entry')).toEqual([{ entries: 1 }])
  expect(['forged', 'old', 'absent', 'end'].map((kind) => countedSince(before, kind))).toEqual([6_000, 2_000, 2_000, 1])
})

test("Envoy's own answers charge nobody: with a ticket they give the estimate back, without one they are counted", async () => {
  const own: readonly LogAsk[] = [
    { status: 503, details: 'ext_authz_error', bodyBytes: 0 },
    { status: 500, details: 'ext_authz_invalid', bodyBytes: 0 },
    { status: 400, details: 'path_normalization_failed', bodyBytes: 300 },
    { status: 404, details: 'route_not_found', bodyBytes: 0 },
    { status: 431, details: 'request_headers_too_large', bodyBytes: 30 },
    { status: 0, details: 'downstream_remote_disconnect', bodyBytes: 0, aborted: true },
    { status: 503, details: 'no_healthy_upstream', bodyBytes: 19 },
    { status: 504, details: 'upstream_response_timeout', bodyBytes: 24 },
  ]
  const before = new Map(plane.counts)
  await sendAll(Array.from({ length: 400 }, (_, index) => own[index % own.length] ?? {}))
  const tickets = await Promise.all(own.map((_, index) => ticketFor(`own${index}-1.0.tar.gz`)))
  await sendAll(own.map((ask, index) => ({ ...ask, ticket: tickets[index] ?? '' })))
  await expect
    .poll(() =>
      plane.sql(`SELECT DISTINCT credits::text, bytes::text FROM tollgate.usage_entry WHERE file LIKE 'own%'`),
    )
    .toEqual([{ credits: '0.000', bytes: '0' }])
  expect(countedSince(before, 'absent')).toBe(400)
})

test('a hundred repetitions, in any order with earlier figures, are one charge', async () => {
  const file = 'repeated-1.0-py3-none-any.whl'
  const ticket = await ticketFor(file)
  const asks = Array.from({ length: 100 }, (_, index): LogAsk => {
    const type = index % 3 === 1 ? 'DownstreamPeriodic' : 'DownstreamEnd'
    return { ticket, type, bodyBytes: type === 'DownstreamEnd' ? 5_000_000 : 1_000_000 * (index % 5) }
  })
  await sendAll(asks.toSorted(() => random() - 0.5))
  await expect
    .poll(() => rows(file))
    .toEqual([{ state: 'final', outcome: 'delivered', credits: '6.000', bytes: '5000000' }])
})

test.each([
  ['5 GiB', '5368709120', '5369.710'],
  ['1 GB and 1 byte', '1000000001', '1001.001'],
  ['4 GiB and 1 byte', '4294967297', '4295.968'],
])('%s are exact in the ledger', async (name, bytes, credits) => {
  const file = `${name.replaceAll(' ', '')}-1.0-py3-none-any.whl`
  await sendAll([
    {
      ticket: await ticketFor(file),
      bodyBytes: bytes,
      wireBytes: String(BigInt(bytes) + 500n),
      contentLength: Number(bytes),
    },
  ])
  await expect.poll(() => rows(file)).toEqual([{ state: 'final', outcome: 'delivered', credits, bytes }])
})

test('absurd counts are counted, never charged: what was estimated is booked, and the next request is answered', async () => {
  const duration = { seconds: '-9223372036854775808', nanos: -999_999_999 }
  const absurd: readonly LogAsk[] = [
    { bodyBytes: '9223372036854775808', wireBytes: '9223372036854775808' },
    { bodyBytes: '18446744073709551615', wireBytes: '18446744073709551615', duration },
    { bodyBytes: '9007199254740993', wireBytes: '18446744073709551615' },
    { bodyBytes: '1125899906842625', wireBytes: '1125899906842625' },
    { bodyBytes: 5, wireBytes: '18446744073709551615' },
  ]
  const files = absurd.map((_, index) => `absurd${index}-1.0-py3-none-any.whl`)
  const before = new Map(plane.counts)
  const tickets = await Promise.all(files.map((file) => ticketFor(file)))
  await sendAll(absurd.map((ask, index) => ({ ...ask, ticket: tickets[index] ?? '', contentLength: 1 })))
  for (const file of files) {
    await expect
      .poll(() => rows(file))
      .toEqual([{ state: 'final', outcome: 'delivered', credits: '1.000', bytes: '0' }])
  }
  expect(countedSince(before, 'absurd')).toBe(absurd.length)
  const zero = 'negative-1.0-py3-none-any.whl'
  await sendAll([{ ticket: await ticketFor(zero), bodyBytes: 0, wireBytes: 0, duration }])
  await expect.poll(() => rows(zero)).toEqual([{ state: 'final', outcome: 'delivered', credits: '1.000', bytes: '0' }])
})

test('random bytes on the stream are counted and end nothing', async () => {
  const before = plane.counts.get('access_log_unreadable_total') ?? 0
  const logs = createLogClient(plane.address)
  for (let message = 0; message < 2_000; message += 1) {
    logs.sendBytes(Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256))))
  }
  const file = 'after-1.0-py3-none-any.whl'
  logs.send({ ticket: await ticketFor(file), bodyBytes: 1_000_000 })
  await logs.finish()
  await expect
    .poll(() => rows(file))
    .toEqual([{ state: 'final', outcome: 'delivered', credits: '2.000', bytes: '1000000' }])
  expect(plane.counts.get('access_log_unreadable_total') ?? 0).toBeGreaterThan(before)
})
