import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Asker, answerLanding, answerRefusal } from '../../src/core/answer.ts'
import { landingPath, parseLanding } from '../../src/core/landing.ts'
import { bookedQuantities } from '../../src/core/quantity.ts'
import { requestKinds } from '../../src/core/request.ts'
import { subjectKinds } from '../../src/core/subject.ts'
import type { Answer, Cause, Refusal, RefusedLimit } from '../../src/core/verdict.ts'

const causes = [
  'no_token',
  'wrong_token',
  'expired_token',
  'rate',
  'concurrency',
  'quota',
  'too_large',
  'denied',
  'bad_request',
  'unknown_upstream',
  'unavailable',
  'overloaded',
] as const satisfies readonly Cause[]

const limit: fc.Arbitrary<RefusedLimit> = fc.record({
  name: fc.string({ minLength: 1, maxLength: 63 }),
  counts: fc.constantFrom(...bookedQuantities),
  window: fc.constantFrom('hour' as const, 'day' as const),
  used: fc.maxSafeNat(),
  amount: fc.maxSafeNat(),
  needs: fc.maxSafeNat(),
  // To the minute, as windows end; years of four digits.
  resetAtMs: fc.nat(66_000_000).map((minutes) => minutes * 60_000),
  timeZone: fc.constantFrom('UTC', 'Asia/Shanghai', 'America/Argentina/ComodRivadavia', 'Not/AZone'),
  refusesWith429: fc.boolean(),
  per: fc.constantFrom(...subjectKinds),
})
const refusal: fc.Arbitrary<Refusal> = fc
  .record({
    cause: fc.constantFrom(...causes),
    limit,
    retryAfterMs: fc.nat(3_600_000),
    reason: fc.string({ unit: 'binary', maxLength: 400 }),
  })
  .map(({ cause, limit: refused, retryAfterMs, reason }) => {
    if (cause === 'rate') return { cause, limit: refused, retryAfterMs }
    if (cause === 'quota' || cause === 'too_large' || cause === 'concurrency') return { cause, limit: refused }
    return { cause, reason }
  })
const asker: fc.Arbitrary<Asker> = fc.record({
  surface: fc.constantFrom('pypi' as const, 'gpu' as const),
  family: fc.constantFrom(
    { name: 'pip', role: 'installer' } as const,
    { name: 'devpi', role: 'proxy' } as const,
    { name: 'twine', role: 'publisher' } as const,
    { name: 'other', role: 'script' } as const,
  ),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE'),
  kind: fc.constantFrom(...requestKinds),
  host: fc.oneof(fc.constant('pypi.corp.example'), fc.string({ maxLength: 300 })),
  path: fc.constantFrom('/v1/models', '/simple/', ''),
  indexRoot: fc.constantFrom('', '/pypi', '/root/mir'),
  requestId: fc.string({ unit: 'binary', maxLength: 80 }),
})
const context = fc.record({
  askAt: fc.constantFrom('your administrator', `https://tollgate.corp.example/${'a'.repeat(30)}`),
  docsBase: fc.constant('https://docs.example/blocked'),
  nowMs: fc.nat(4_000_000_000_000),
})

function header(answer: Answer, name: string): string | undefined {
  return answer.headers.find((entry) => entry.name === name)?.value
}

test('every answer is one that Envoy passes and clients survive', () => {
  fc.assert(
    fc.property(refusal, asker, context, (refused, who, settings) => {
      const answer = answerRefusal(refused, who, settings)
      expect([302, 400, 401, 403, 429, 503]).toContain(answer.status)
      expect(header(answer, 'cache-control')).toBe('no-store')
      for (const { value } of answer.headers) expect(value).toMatch(/^[\x20-\x7e]+$/)
      const retryAfter = header(answer, 'retry-after')
      if (retryAfter !== undefined) {
        expect(retryAfter).toMatch(/^[1-9]\d?$/)
        expect([429, 503]).toContain(answer.status)
        expect(Number(retryAfter)).toBeLessThanOrEqual(who.surface === 'gpu' ? 60 : 30)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('an upload is never answered by 503, a redirect or Retry-After', () => {
  fc.assert(
    fc.property(refusal, asker, context, (refused, who, settings) => {
      const answer = answerRefusal(refused, { ...who, surface: 'pypi', kind: 'upload', method: 'POST' }, settings)
      expect([400, 401, 403, 429]).toContain(answer.status)
      expect(header(answer, 'retry-after')).toBeUndefined()
    }),
  )
})

test('every problem fits on one line of a terminal and says where to ask', () => {
  fc.assert(
    fc.property(refusal, asker, context, (refused, who, settings) => {
      const answer = answerRefusal(refused, who, settings)
      if (header(answer, 'content-type') !== 'application/problem+json') return
      const problem = JSON.parse(answer.body)
      expect(problem.status).toBe(answer.status)
      expect(problem.title.length).toBeLessThanOrEqual(40)
      expect(problem.detail.length).toBeLessThanOrEqual(160)
      expect(problem.detail).toMatch(/^\P{Cc}*$/u)
      expect(problem.detail).not.toMatch(/\.$/)
      if (['quota', 'too_large', 'rate', 'concurrency', 'denied', 'no_token'].includes(refused.cause))
        expect(problem.detail).toContain(settings.askAt)
      const known = [
        'type',
        'title',
        'status',
        'detail',
        'instance',
        'limit',
        'used',
        'amount',
        'reset_at',
        'retry_after_ms',
      ]
      expect(Object.keys(problem).filter((key) => !known.includes(key))).toEqual([])
    }),
    { numRuns: 2_000 },
  )
})

test('a landing path comes back as what it was made of, in whole units, within 140 characters', () => {
  fc.assert(
    fc.property(
      limit,
      fc.constantFrom('quota' as const, 'too_large' as const),
      fc.constantFrom('', '/root/mir'),
      (refused, cause, root) => {
        const path = landingPath(root, { cause, limit: refused })
        if (path === undefined) throw new Error('no path')
        expect(path.length - root.length).toBeLessThanOrEqual(140)
        expect(path).toMatch(/^[A-Za-z0-9/-]+$/)
        const read = parseLanding(path)
        // Rounded up to whole credits, the last of 2^53 are no safe integers any more.
        fc.pre(Math.max(refused.used, refused.needs ?? 0, refused.amount) < 9e15)
        if (read === undefined) throw new Error(`unreadable ${path}`)
        expect(landingPath(root, read)).toBe(path)
        expect(read).toMatchObject({
          cause,
          limit: { counts: refused.counts, per: refused.per, window: refused.window },
        })
      },
    ),
  )
})

test('the landing page says nothing that its table of words does not hold', () => {
  const noise = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(
      /^(quota|daily|hourly|-|\/|used-|of-|\d+|resets-|2026-11-23T00-00Z|open-this-url-to-ask|call-me)*$/,
    ),
  )
  fc.assert(
    fc.property(noise, asker, context, (words, who, settings) => {
      const answer = answerLanding({ ...who, path: `/-/denied/${words}` }, settings)
      expect(answer.status).toBe(403)
      expect(header(answer, 'x-content-type-options')).toBe('nosniff')
      expect(answer.body).not.toContain('call-me')
      expect(header(answer, 'location')).toBeUndefined()
    }),
    { numRuns: 1_000 },
  )
})
