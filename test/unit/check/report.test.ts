import { expect, test } from 'vitest'
import { reportOf } from '../../../src/check/report.ts'
import { refundOf } from '../../../src/core/refund.ts'
import { entry, noonMs, ticket } from './factories.ts'

test('the smaller of body and wire bytes is charged', () => {
  const report = reportOf(entry, { ticket: ticket(), reservationMs: 1_000 })
  // 1 credit + 4 MB × 0.1.
  expect(report.amounts).toEqual({ requests: 1, credits: 1_400, bytes: 4_000_000, gpu_ms: 0 })
  expect(report).toMatchObject({ state: 'final', outcome: 'delivered', at: noonMs })
})

test.each([
  [{ status: 304 }, 'not_modified'],
  [{ method: 'HEAD' }, 'head'],
  [{ status: 302 }, 'redirect'],
  [{ status: 404 }, 'client_error'],
  [{ status: 503 }, 'server_error'],
  [{ status: 0 }, 'undelivered'],
] as const)('%j costs nothing', (changes, outcome) => {
  const free = reportOf({ ...entry, ...changes }, { ticket: ticket(), reservationMs: 1_000 })
  expect(free).toMatchObject({ state: 'final', outcome, amounts: { requests: 0, credits: 0, bytes: 0 } })
})

test('a periodic entry stays open and never asks for less than the estimate', () => {
  const early = reportOf(
    { ...entry, type: 'periodic', bodyBytes: 10, wireBytes: 10 },
    { ticket: ticket(), reservationMs: 1_000 },
  )
  expect(early).toMatchObject({
    state: 'open',
    amounts: { requests: 1, credits: 2_500, bytes: 1_000_000 },
    expiresInMs: 1_000,
  })
  const late = reportOf(
    { ...entry, type: 'periodic', bodyBytes: 5e7, wireBytes: 5e7 },
    { ticket: ticket(), reservationMs: 1_000 },
  )
  // 1 + 10 MB × 0.1 + 40 MB × 0.05.
  expect(late).toMatchObject({ state: 'open', amounts: { credits: 4_000, bytes: 50_000_000 } })
})

test('a refund names each partition of the spend once', () => {
  const subjects = [...ticket().subjects, { kind: 'address', id: '192.0.2.1', partition: 9 } as const]
  const refund = refundOf({ ...ticket(), subjects }, noonMs)
  expect(refund.partitions.map(({ partition }) => partition)).toEqual([7, 9])
  expect(refund).toMatchObject({ state: 'final', outcome: 'undelivered', notAfterMs: noonMs, amounts: { credits: 0 } })
})

test('an upload is charged by what the client sent', () => {
  const upload = ticket({ meta: { ...ticket().meta, kind: 'upload' } })
  const charged = reportOf({ ...entry, requestBodyBytes: 2_000_000 }, { ticket: upload, reservationMs: 1_000 })
  // 1 credit + 2 MB × 0.1; the 4 MB of the answer cost nothing.
  expect(charged.amounts).toEqual({ requests: 1, credits: 1_200, bytes: 2_000_000, gpu_ms: 0 })
})

test.each([
  [{ bodyBytes: Number.MAX_SAFE_INTEGER, wireBytes: Number.MAX_SAFE_INTEGER }, 'final'],
  [{ bodyBytes: 2 ** 50 + 1, wireBytes: 2 ** 50 + 1 }, 'final'],
  [{ type: 'periodic', wireBytes: Number.MAX_SAFE_INTEGER }, 'open'],
] as const)('figures beyond belief are booked as estimated: %j', (changes, state) => {
  const { estimate } = ticket()
  const report = reportOf({ ...entry, ...changes }, { ticket: ticket(), reservationMs: 1_000 })
  expect(report).toMatchObject({ state, amounts: { credits: estimate.credits, bytes: estimate.bytes } })
})

test('the most that one request can have carried is charged', () => {
  const whole = { ...entry, bodyBytes: 2 ** 50, wireBytes: 2 ** 50 }
  expect(reportOf(whole, { ticket: ticket(), reservationMs: 1_000 }).amounts.bytes).toBe(2 ** 50)
})
