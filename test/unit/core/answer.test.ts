import { expect, test } from 'vitest'
import { type Asker, answerJson, answerLanding, answerRefusal } from '../../../src/core/answer.ts'
import type { Answer, Cause, Refusal } from '../../../src/core/verdict.ts'
import { asker, context, overCap, overQuota, overRate } from './answer-factories.ts'

const script = { name: 'other', role: 'script' } as const
const answer = (refusal: Refusal, change: Partial<Asker> = {}) => answerRefusal(refusal, asker(change), context)
const header = ({ headers }: Answer, name: string) =>
  headers.filter((entry) => entry.name === name).map((entry) => entry.value)
const body = (given: Answer): unknown => JSON.parse(given.body)

test('a file over quota sends an installer to a page whose URL says everything', () => {
  expect(answer(overQuota())).toEqual({
    status: 302,
    headers: [
      {
        name: 'location',
        value: '/-/denied/quota/daily/used-10000-of-10000/resets-2026-11-23T00-00Z/open-this-url-to-ask',
      },
      { name: 'cache-control', value: 'no-store' },
    ],
    body: '',
  })
})

test('the same refusal in full: exactly the members of the contract, no charset, no Retry-After', () => {
  const given = answer(overQuota(), { family: script })
  expect(given.status).toBe(403)
  expect(given.headers).toEqual([
    { name: 'content-type', value: 'application/problem+json' },
    { name: 'cache-control', value: 'no-store' },
  ])
  expect(body(given)).toEqual({
    type: 'https://docs.example/blocked#quota',
    title: 'Daily quota exhausted',
    status: 403,
    detail: '10000 of 10000 credits used; resets 2026-11-23 00:00 UTC; for more ask https://tollgate.corp.example/ask',
    instance: 'urn:uuid:0b5f7a1e-8a51-4c52-9a3b-3f0d7f2b9c11',
    limit: 'account-daily',
    used: 10_000,
    amount: 10_000,
    reset_at: '2026-11-23T00:00:00Z',
  })
})

test('the sentence names the reset in the zone of the limit and in UTC, the subject, and what was needed', () => {
  const shanghai = { timeZone: 'Asia/Shanghai', resetAtMs: Date.parse('2026-11-22T16:00:00Z') }
  const refusal = overQuota({ ...shanghai, per: 'department', used: 9_999_500, needs: 31_000 })
  expect(body(answer(refusal, { method: 'HEAD' }))).toMatchObject({
    title: 'Daily department quota exhausted',
    detail:
      '9999.5 of 10000 credits used, 31 needed; resets 2026-11-23 00:00 Asia/Shanghai (2026-11-22 16:00 UTC); for more ask https://tollgate.corp.example/ask',
    used: 9_999.5,
    reset_at: '2026-11-22T16:00:00Z',
  })
})

test.each<[string, number, Partial<Asker>]>([
  ['pip, a file', 302, {}],
  ['pip, metadata', 302, { kind: 'metadata' }],
  ['uv, a file', 302, { family: { name: 'uv', role: 'installer' } }],
  ['pip, HEAD', 403, { method: 'HEAD' }],
  ['pip, an index page', 403, { kind: 'index' }],
  ['pip, an unknown path', 403, { kind: 'other' }],
  ['devpi', 403, { family: { name: 'devpi', role: 'proxy' } }],
  ['curl', 403, { family: script }],
  ['twine, an upload', 403, { family: { name: 'twine', role: 'publisher' }, method: 'POST', kind: 'upload' }],
  ['uv publish', 403, { family: { name: 'uv', role: 'installer' }, method: 'POST', kind: 'upload' }],
  ['a GPU call with an installer name', 403, { surface: 'gpu', kind: 'call' }],
])('over quota, %s is answered %d', (_, status, change) => {
  const given = answer(overQuota(), change)
  expect(given.status).toBe(status)
  expect(header(given, 'retry-after')).toEqual([])
})

test('a limit that says so refuses with 429 without Retry-After', () => {
  const given = answer(overQuota({ refusesWith429: true }))
  expect(given.status).toBe(429)
  expect(header(given, 'retry-after')).toEqual([])
})

test.each<[number, Partial<Asker>, string[]]>([
  [1, {}, ['1']],
  [1_000, {}, ['1']],
  [1_001, {}, ['2']],
  [29_500, {}, ['30']],
  [3_600_000, {}, ['30']],
  [3_600_000, { surface: 'gpu', kind: 'call' }, ['60']],
  [5_000, { method: 'POST', kind: 'upload' }, []],
  [5_000, { method: 'PUT', kind: 'other' }, []],
])('a rate with %d ms to wait, asked by %o, is 429 with Retry-After %j', (retryAfterMs, change, expected) => {
  const given = answer(overRate(retryAfterMs), change)
  expect(given.status).toBe(429)
  expect(header(given, 'retry-after')).toEqual(expected)
  expect(body(given)).toMatchObject({ retry_after_ms: retryAfterMs })
})

test.each<[Partial<Asker>, string[]]>([
  [{}, ['1']],
  [{ surface: 'gpu', kind: 'call', method: 'POST' }, ['1']],
  [{ method: 'POST', kind: 'upload' }, []],
])('a cap on requests at once, asked by %o, is 429 with Retry-After %j', (change, expected) => {
  const given = answer(overCap(), change)
  expect(given.status).toBe(429)
  expect(header(given, 'retry-after')).toEqual(expected)
  expect(body(given)).toMatchObject({ type: 'https://docs.example/blocked#concurrency', used: 2, amount: 2 })
})

test.each([
  [{}, '2 of 2 requests at once under way'],
  [{ used: 1, amount: 1 }, '1 of 1 request at once under way'],
  [{ per: 'department', used: 9, amount: 8 }, '9 of 8 requests at once under way in all for your department'],
  [{ per: 'everyone' }, '2 of 2 requests at once under way in all'],
])('a cap of %o says what is under way and what to do', (change, sentence) => {
  expect(body(answer(overCap(change)))).toMatchObject({
    title: 'Too many requests at once',
    detail: `${sentence}; try again when one has ended; for more ask https://tollgate.corp.example/ask`,
  })
})

test('a rate tells the exact wait in the body', () => {
  expect(body(answer(overRate(1_337)))).toEqual({
    type: 'https://docs.example/blocked#rate',
    title: 'Too many requests',
    status: 429,
    detail:
      '300 of 300 requests used; refills steadily, try again in 1.4 s; for more ask https://tollgate.corp.example/ask',
    instance: 'urn:uuid:0b5f7a1e-8a51-4c52-9a3b-3f0d7f2b9c11',
    limit: 'steady',
    used: 300,
    amount: 300,
    reset_at: '2026-11-22T10:00:01Z',
    retry_after_ms: 1_337,
  })
})

test.each<[Cause, string, string]>([
  [
    'no_token',
    'API token required',
    'Put an API token into the index URL, as in __token__:TOKEN@pypi.corp.example/simple/; to get one ask https://tollgate.corp.example/ask',
  ],
  [
    'wrong_token',
    'API token not accepted',
    'This token is unknown, mistyped or revoked; check it, or ask https://tollgate.corp.example/ask for a new one',
  ],
  ['expired_token', 'API token expired', 'This token has expired; ask https://tollgate.corp.example/ask for a new one'],
])('%s is 401, Basic challenged first, and says what to do', (cause, title, detail) => {
  const given = answer({ cause })
  expect(given.status).toBe(401)
  expect(header(given, 'www-authenticate')).toEqual(['Basic realm="tollgate"', 'Bearer realm="tollgate"'])
  expect(body(given)).toEqual({
    type: `https://docs.example/blocked#${cause}`,
    title,
    status: 401,
    detail,
    instance: 'urn:uuid:0b5f7a1e-8a51-4c52-9a3b-3f0d7f2b9c11',
  })
})

test.each<[Cause, Partial<Asker>, number, string[]]>([
  ['unavailable', {}, 503, ['2']],
  ['overloaded', {}, 503, ['2']],
  ['unknown_upstream', {}, 503, ['2']],
  ['unavailable', { surface: 'gpu', kind: 'call', method: 'POST' }, 503, ['2']],
  ['unavailable', { kind: 'upload', method: 'POST' }, 403, []],
  ['overloaded', { kind: 'upload', method: 'POST' }, 403, []],
  ['unknown_upstream', { kind: 'other', method: 'POST' }, 403, []],
  ['bad_request', {}, 400, []],
  ['denied', {}, 403, []],
])('%s asked by %o is %d with Retry-After %j', (...[cause, change, status, retryAfter]) => {
  const given = answer({ cause }, change)
  expect(given.status).toBe(status)
  expect(header(given, 'retry-after')).toEqual(retryAfter)
  expect(header(given, 'cache-control')).toEqual(['no-store'])
})

test('an access rule speaks in its own words, on one line, without full stop', () => {
  const given = answer({ cause: 'denied', reason: 'Licence of torch\r\nforbids this.' })
  expect(body(given)).toMatchObject({ detail: 'Licence of torch forbids this; ask https://tollgate.corp.example/ask' })
})

test('what can never fit says so, to an installer by its URL', () => {
  const refusal: Refusal = { ...overQuota({ needs: 30_000_000 }), cause: 'too_large' }
  expect(header(answer(refusal), 'location')).toEqual([
    '/-/denied/too-large/daily/needs-30000-of-10000/open-this-url-to-ask',
  ])
  expect(body(answer(refusal, { family: script }))).toMatchObject({
    title: 'More than the limit ever allows',
    detail:
      'This needs 30000 credits, the limit account-daily never allows more than 10000; for more ask https://tollgate.corp.example/ask',
  })
})

test.each([
  [1_000, 0, 'This needs 1 credit, the limit account-daily never allows more than 0'],
  [500, 1_000, 'This needs 0.5 credits, the limit account-daily never allows more than 1'],
])('one is singular, and nothing else: %i of %i', (needs, amount, sentence) => {
  const refusal: Refusal = { ...overQuota({ needs, amount }), cause: 'too_large' }
  expect(body(answer(refusal, { family: script }))).toMatchObject({ detail: expect.stringContaining(sentence) })
})

test('a rate that can never let a request pass has no page of its own and is 403', () => {
  const given = answer({ ...overRate(0), cause: 'too_large' })
  expect(given.status).toBe(403)
  expect(header(given, 'location')).toEqual([])
})

test('on /v1/ of a GPU upstream errors have the shape of OpenAI', () => {
  const given = answer(overQuota(), {
    surface: 'gpu',
    kind: 'call',
    method: 'POST',
    path: '/gpu/v1/chat/completions',
    indexRoot: '/gpu',
  })
  expect(given.status).toBe(403)
  expect(header(given, 'content-type')).toEqual(['application/json'])
  expect(body(given)).toEqual({
    error: {
      message:
        'Daily quota exhausted: 10000 of 10000 credits used; resets 2026-11-23 00:00 UTC; for more ask https://tollgate.corp.example/ask',
      type: 'insufficient_quota',
      param: null,
      code: 'insufficient_quota',
    },
  })
})

test('elsewhere on the GPU surface refusals are problems', () => {
  expect(header(answer({ cause: 'no_token' }, { surface: 'gpu', path: '/prompt' }), 'content-type')).toEqual([
    'application/problem+json',
  ])
})

test('the landing page is 403, explains what its URL says, and can neither run nor be sniffed', () => {
  const path = '/a/-/denied/quota/daily/used-10000-of-10000/resets-2026-11-23T00-00Z/open-this-url-to-ask'
  const given = answerLanding(asker({ kind: 'landing', indexRoot: '/a', path }), context)
  expect(given.status).toBe(403)
  expect(given.headers).toEqual([
    { name: 'content-type', value: 'application/problem+json' },
    { name: 'cache-control', value: 'no-store' },
    { name: 'x-content-type-options', value: 'nosniff' },
    { name: 'content-security-policy', value: "default-src 'none'; frame-ancestors 'none'; sandbox" },
  ])
  expect(body(given)).toEqual({
    type: 'https://docs.example/blocked#quota',
    title: 'Daily quota exhausted',
    status: 403,
    detail: '10000 of 10000 credits used; resets 2026-11-23 00:00 UTC; for more ask https://tollgate.corp.example/ask',
    instance: 'urn:uuid:0b5f7a1e-8a51-4c52-9a3b-3f0d7f2b9c11',
    limit: 'daily',
    used: 10_000,
    amount: 10_000,
    reset_at: '2026-11-23T00:00:00Z',
  })
})

test('the landing page tells a known caller the reset on the wall of its zone', () => {
  const path = '/-/denied/quota/daily/used-10000-of-10000/resets-2026-11-22T16-00Z/open-this-url-to-ask'
  const given = answerLanding(asker({ kind: 'landing', path, timeZone: 'Asia/Shanghai' }), context)
  expect(body(given)).toMatchObject({
    detail:
      '10000 of 10000 credits used; resets 2026-11-23 00:00 Asia/Shanghai (2026-11-22 16:00 UTC); for more ask https://tollgate.corp.example/ask',
    reset_at: '2026-11-22T16:00:00Z',
  })
})

test('a landing path that is not ours is 403 without a word of what it says', () => {
  const path = '/-/denied/quota/daily/call-0900-123456-now/open-this-url-to-ask'
  const given = answerLanding(asker({ kind: 'landing', path }), context)
  expect(given.status).toBe(403)
  expect(given.body).not.toContain('0900')
  expect(body(given)).toMatchObject({
    detail: 'This address explains no refusal; run the command again; ask https://tollgate.corp.example/ask',
  })
})

test('answerJson() is 200, sandboxed and never cached', () => {
  expect(answerJson({ used: 1 })).toEqual({
    status: 200,
    headers: [
      { name: 'content-type', value: 'application/json' },
      { name: 'cache-control', value: 'no-store' },
      { name: 'x-content-type-options', value: 'nosniff' },
      { name: 'content-security-policy', value: "default-src 'none'; frame-ancestors 'none'; sandbox" },
    ],
    body: '{"used":1}',
  })
})
