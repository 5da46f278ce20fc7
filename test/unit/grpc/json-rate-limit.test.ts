import { expect, test } from 'vitest'
import type { RateLimit } from '../../../src/check/rate-limit/rate-limit-words.ts'
import { Fault } from '../../../src/core/fault.ts'
import { createRateLimitService } from '../../../src/grpc/rate-limit-service.ts'
import type { RateLimitOptions } from '../../../src/grpc/timely-rate-limit.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'

const over: RateLimit = async () => ({
  code: 'over_limit',
  statuses: [{ code: 'over_limit', remaining: 0 }],
  responseHeaders: [
    { name: 'retry-after', value: '7' },
    { name: 'content-type', value: 'application/problem+json' },
    { name: 'set-cookie', value: 'x' },
  ],
})

function asking(given: Partial<RateLimitOptions>) {
  const counts: string[] = []
  const observer = {
    ...silentObserver,
    count: (metric: string, labels = {}) => void counts.push([metric, ...Object.values(labels)].join(' ')),
  }
  const { json } = createRateLimitService({
    ...{
      rateLimit: over,
      lateAnswer: () => undefined,
      gate: { overload: () => undefined },
      callMsMax: 20,
      observer,
      nowMs: () => 1_000,
    },
    ...given,
  })
  return { ask: (body: string) => json(Buffer.from(body)), counts }
}

test('/json is 200 when the call is OK', async () => {
  const rateLimit: RateLimit = async ({ domain }) => ({
    ...{ code: 'ok', statuses: [{ code: 'ok', remaining: 1 }], responseHeaders: [] },
    metadata: { domain },
  })
  const { ask, counts } = asking({ rateLimit })
  expect(await ask('{"domain":"d"}')).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"overallCode":"OK","statuses":[{"code":"OK","limitRemaining":1}],"dynamicMetadata":{"domain":"d"}}',
  })
  expect(counts).toEqual(['rate_limits_total OK'])
})

test('/json is 429 when the call is over its limits, with the headers of the answer but the type of its own body', async () => {
  const { ask, counts } = asking({})
  expect(await ask('{}')).toEqual({
    status: 429,
    headers: { 'retry-after': '7', 'content-type': 'application/json' },
    body: expect.stringContaining('{"overallCode":"OVER_LIMIT","statuses":[{"code":"OVER_LIMIT"}]'),
  })
  expect(counts).toEqual(['response_headers_dropped_total unknown_name', 'rate_limits_total OVER_LIMIT'])
})

test('/json is 400 and says every fault of the question', async () => {
  const { ask, counts } = asking({})
  const { status, headers, body } = await ask('{"domain":1,"x":2}')
  expect([status, headers['content-type'], JSON.parse(body)]).toEqual([
    400,
    'application/problem+json',
    {
      title: 'Bad request',
      status: 400,
      detail: 'domain must be a text; x is not a field of RateLimitRequest',
    },
  ])
  expect(counts).toEqual(['rate_limits_total unreadable'])
})

test('/json is 400 of a call that is larger than what is counted, too', async () => {
  const { ask, counts } = asking({ rateLimit: () => Promise.reject(new Fault('bad_request', 'A call has at most 3')) })
  const { status, body } = await ask('{}')
  expect([status, JSON.parse(body)]).toMatchObject([400, { detail: 'A call has at most 3' }])
  expect(counts).toEqual(['rate_limits_total unreadable'])
})

test.each<[string, number, Partial<RateLimitOptions>]>([
  ['failed', 500, { rateLimit: () => Promise.reject(new Error('defect')) }],
  ['late', 503, { rateLimit: () => new Promise(() => undefined) }],
  ['overloaded', 503, { gate: { overload: () => 'behind' } }],
])('/json of a call that is %s, where postures are not known, is %d', async (code, status, given) => {
  const { ask, counts } = asking(given)
  const reply = await ask('{}')
  expect([reply.status, reply.headers['retry-after'], JSON.parse(reply.body)]).toEqual([
    status,
    status === 503 ? '1' : undefined,
    expect.objectContaining({ status }),
  ])
  expect(counts).toEqual([`rate_limits_total ${code}`])
})

test.each<[string, Partial<RateLimitOptions>]>([
  ['failed', { rateLimit: () => Promise.reject(new Error('defect')) }],
  ['late', { rateLimit: () => new Promise(() => undefined) }],
])('/json of a call that is %s says what the postures say', async (code, given) => {
  const lateAnswer: RateLimitOptions['lateAnswer'] = ({ domain }) => ({
    ...{ code: domain === 'open' ? 'ok' : 'over_limit', statuses: [], responseHeaders: [] },
  })
  const { ask, counts } = asking({ ...given, lateAnswer })
  expect((await ask('{"domain":"open"}')).status).toBe(200)
  expect((await ask('{"domain":"shut"}')).status).toBe(429)
  expect(counts).toEqual([`rate_limits_total ${code}`, `rate_limits_total ${code}`])
})
