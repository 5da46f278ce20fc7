import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RateLimit, RateLimitBounds } from '../../../src/check/rate-limit/rate-limit-words.ts'
import { Fault } from '../../../src/core/fault.ts'
import type { Call } from '../../../src/grpc/methods.ts'
import { decodeRateLimitRequest } from '../../../src/grpc/rate-limit-request.ts'
import { createRateLimitService } from '../../../src/grpc/rate-limit-service.ts'
import type { RateLimitOptions } from '../../../src/grpc/timely-rate-limit.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { encodeRateLimitAsk, type RateLimitReply, readRateLimitReply } from '../../rpc/support/rate-limit-frame.ts'

const never = Number.POSITIVE_INFINITY
const callUntil = (headByMs: number): Call => ({
  ...{ deadlineMs: headByMs, headByMs },
  startAnswer: () => undefined,
  onLeft: () => undefined,
})
const allow: RateLimit = async ({ descriptors }) => ({
  code: 'ok',
  statuses: descriptors.map(() => ({ code: 'ok', remaining: 1 })),
  responseHeaders: [],
})

function serving(given: Partial<RateLimitOptions> = {}) {
  const counts: string[] = []
  const observer: Observer = {
    ...silentObserver,
    count: (metric, labels = {}) => void counts.push([metric, ...Object.values(labels)].join(' ')),
    counter:
      (metric, labels = {}) =>
      () =>
        void counts.push([metric, ...Object.values(labels)].join(' ')),
  }
  const { method } = createRateLimitService({
    ...{ rateLimit: allow, lateAnswer: () => undefined, gate: { overload: () => undefined } },
    ...{ callMsMax: 200, observer, nowMs: () => 1_000 },
    ...given,
  })
  if (method.kind !== 'unary') throw new Error('ShouldRateLimit is not unary')
  const answer = async (bytes: Buffer, headByMs = never): Promise<RateLimitReply> =>
    readRateLimitReply(await method.answer(bytes, callUntil(headByMs)))
  return { answer, counts }
}
const frame = encodeRateLimitAsk({ domain: 'd', descriptors: [{ entries: [{ key: 'k' }] }] })
const bare = { overallCode: 'OVER_LIMIT', statuses: [] }
const backIn1s = [{ key: 'retry-after', value: '1' }]

describe('ShouldRateLimit', () => {
  test('answers what was decided and counts it', async () => {
    const { answer, counts } = serving()
    expect(await answer(frame)).toMatchObject({ overallCode: 'OK', statuses: [{ code: 'OK', limitRemaining: 1 }] })
    expect(counts).toEqual(['rate_limits_total OK'])
  })

  test.each([
    ['the caller’s 20 ms less a quarter', 1_020, 1_015],
    ['a long deadline, up to what we allow ourselves, less 20 ms', 9_000, 1_180],
    ['no deadline alike', never, 1_180],
    ['a deadline that is over, at once', 900, 1_000],
  ])('has a decision made within %s', async (_, headByMs, expectedMs) => {
    const deadlines: number[] = []
    const { answer } = serving({
      rateLimit: (request, { deadlineMs }) => {
        deadlines.push(deadlineMs)
        return allow(request, { deadlineMs })
      },
    })
    await answer(frame, headByMs)
    expect(deadlines).toEqual([expectedMs])
  })

  test('refuses a question it cannot read, unasked', async () => {
    const { answer, counts } = serving({ rateLimit: () => Promise.reject(new Error('asked')) })
    expect(await answer(Buffer.from([0x12, 0xff]))).toMatchObject({ ...bare, responseHeadersToAdd: [] })
    expect(counts).toEqual(['rate_limits_total unreadable'])
  })

  const undecided: readonly [string, string, RateLimit][] = [
    ['rejects', 'failed', () => Promise.reject(new Error('defect'))],
    [
      'throws',
      'failed',
      () => {
        throw new Error('defect')
      },
    ],
    ['does not come in time', 'late', () => new Promise(() => undefined)],
    [
      'cannot be written',
      'failed',
      async () => ({
        ...{ code: 'ok', statuses: [], responseHeaders: [] },
        get metadata(): never {
          throw new Error('defect')
        },
      }),
    ],
  ]

  test.each(undecided)('answers as the postures say when the decision %s', async (_, code, rateLimit) => {
    const asked: string[] = []
    const { answer, counts } = serving({
      rateLimit,
      lateAnswer({ domain, descriptors }) {
        asked.push(domain)
        return { code: 'ok', statuses: descriptors.map(() => ({ code: 'ok', remaining: 0 })), responseHeaders: [] }
      },
    })
    expect(await answer(frame, 1_020)).toMatchObject({ overallCode: 'OK', statuses: [{ code: 'OK' }] })
    expect(asked).toEqual(['d'])
    expect(counts).toEqual([`rate_limits_total ${code}`])
  })

  test.each(undecided)('refuses where postures are not known and the decision %s', async (_, code, rateLimit) => {
    const { answer, counts } = serving({ rateLimit })
    expect(await answer(frame, 1_020)).toMatchObject({ ...bare, responseHeadersToAdd: backIn1s })
    expect(counts).toEqual([`rate_limits_total ${code}`])
  })

  test('refuses, and answers, when the answer by postures fails too', async () => {
    const lateAnswer = (): never => {
      throw new Error('defect')
    }
    const { answer, counts } = serving({ rateLimit: () => Promise.reject(new Error('defect')), lateAnswer })
    expect(await answer(frame)).toMatchObject({ ...bare, responseHeadersToAdd: backIn1s })
    expect(counts).toEqual(['rate_limits_total failed'])
  })

  test.each([
    [{ code: 'ok', statuses: [{ code: 'ok', remaining: 0 }], responseHeaders: [] }, { overallCode: 'OK' }],
    [
      { code: 'over_limit', statuses: [{ code: 'over_limit', remaining: 0 }], responseHeaders: [] },
      { overallCode: 'OVER_LIMIT', statuses: [{ code: 'OVER_LIMIT' }] },
    ],
    [undefined, bare],
  ] as const)('tells a late decision what its caller was told: %j', async (late, reply) => {
    const bounds = Promise.withResolvers<RateLimitBounds>()
    const { answer } = serving({
      rateLimit: (_, given) => {
        bounds.resolve(given)
        return new Promise(() => undefined)
      },
      lateAnswer: () => late,
    })
    const answered = answer(frame, 1_020)
    expect((await bounds.promise).told).toBeUndefined()
    expect(await answered).toMatchObject(reply)
    expect((await bounds.promise).told).toEqual(late ?? { code: 'over_limit', statuses: [], responseHeaders: [] })
  })

  test('takes what was decided while this process stood still', async () => {
    const { answer, counts } = serving({
      // As a store is given up: by a timer, after which replies that have arrived are looked at.
      rateLimit: (request, bounds) =>
        new Promise((resolve) => {
          setTimeout(() => setImmediate(() => resolve(allow(request, bounds))), 5)
          setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60))
        }),
    })
    expect(await answer(frame, 1_020)).toMatchObject({ overallCode: 'OK' })
    expect(counts).toEqual(['rate_limits_total OK'])
  })

  test('asks the gate with the calls in flight, and refuses unread what it does not let in', async () => {
    const inFlight: number[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const { answer, counts } = serving({
      gate: {
        overload: (count) => {
          inFlight.push(count)
          return count >= 2 ? 'in_flight' : undefined
        },
      },
      rateLimit: async (request, bounds) => {
        await promise
        return allow(request, bounds)
      },
    })
    const running = [answer(frame), answer(frame)]
    expect(await answer(Buffer.from([0x12, 0xff]))).toMatchObject({ ...bare, responseHeadersToAdd: backIn1s })
    resolve()
    expect((await Promise.all(running)).map(({ overallCode }) => overallCode)).toEqual(['OK', 'OK'])
    expect(await answer(frame)).toMatchObject({ overallCode: 'OK' })
    expect(inFlight).toEqual([0, 1, 2, 0])
    expect(counts.filter((count) => count.startsWith('rate_limits_total')).sort()).toEqual([
      ...['rate_limits_total OK', 'rate_limits_total OK', 'rate_limits_total OK'],
      'rate_limits_total overloaded',
    ])
  })

  test('answers whatever bytes come, and never lets pass what it could not read', async () => {
    const valid = encodeRateLimitAsk({
      domain: 'domain',
      hitsAddend: 300,
      descriptors: [
        { entries: [{ key: 'key', value: 'value' }], limit: { requestsPerUnit: 300, unit: 'DAY' } },
        { hitsAddend: { value: '5000000000' }, isNegativeHits: true },
      ],
    })
    const edit = fc.tuple(fc.nat(valid.length - 1), fc.nat(255))
    const mutated = fc
      .tuple(fc.array(edit, { minLength: 1, maxLength: 8 }), fc.nat(valid.length * 3))
      .map(([edits, end]) => {
        const bytes = Buffer.from(valid)
        for (const [index, value] of edits) bytes[index] = value
        return bytes.subarray(0, end)
      })
    const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const { answer } = serving()
    const seen = { read: 0, unread: 0 }
    await fc.assert(
      fc.asyncProperty(fc.oneof(noise, mutated), async (bytes) => {
        const decoded = decodeRateLimitRequest(bytes)
        seen[decoded.ok ? 'read' : 'unread'] += 1
        expect((await answer(bytes)).overallCode).toBe(decoded.ok ? 'OK' : 'OVER_LIMIT')
      }),
      { numRuns: 1_500 },
    )
    expect(Math.min(seen.read, seen.unread)).toBeGreaterThan(100)
  })
})

test('a call that is too large to be counted is unreadable, and no fault of ours', async () => {
  const warned: string[] = []
  const counts: string[] = []
  const { answer } = serving({
    rateLimit: () => Promise.reject(new Fault('bad_request', 'Too many')),
    observer: {
      ...silentObserver,
      count: (metric, labels = {}) => void counts.push([metric, ...Object.values(labels)].join(' ')),
      counter:
        (metric, labels = {}) =>
        () =>
          void counts.push([metric, ...Object.values(labels)].join(' ')),
      warn: (event) => void warned.push(event),
    },
  })
  expect(await answer(frame)).toMatchObject(bare)
  expect(counts).toEqual(['rate_limits_total unreadable'])
  expect(warned).toEqual([])
})
