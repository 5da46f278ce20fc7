import { describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/core/verdict.ts'
import { encodeCheckResponse } from '../../../src/grpc/check-response.ts'
import { readCheckAnswer } from '../../rpc/support/check-client.ts'
import { checkMessages } from '../../rpc/support/check-frame.ts'

type Allow = Extract<Decision, { verdict: 'allow' }>

interface WireOption {
  readonly append?: { readonly value?: boolean } | null
  readonly appendAction?: string
}

interface WireResponse {
  readonly okResponse?: { readonly responseHeadersToAdd: readonly WireOption[] }
  readonly deniedResponse?: { readonly headers: readonly WireOption[] }
}

const allow = (parts: Partial<Allow> = {}): Allow => ({
  verdict: 'allow',
  upstreamHeaders: [],
  removedHeaders: [],
  responseHeaders: [],
  metadata: {},
  ...parts,
})
const deny = (
  status: number,
  verdict: 'deny' | 'throttle' | 'answer' = 'deny',
  headers: Allow['responseHeaders'] = [],
): Decision => ({
  verdict,
  reason: 'denied',
  answer: { status, headers, body: '{"detail":"nö"}' },
  metadata: {},
})
const header = (name: string, value = 'v') => ({ name, value })

describe('encodeCheckResponse() of an allow', () => {
  test('has limits beside the ticket as structs that Envoy reads, the same bytes every time', () => {
    const limits = {
      'limit.burst': { requests_per_unit: 4_294_967_295, unit: 'SECOND' },
      'limit.日': { requests_per_unit: 0, unit: 'DAY' },
    } as const
    const bytes = encodeCheckResponse(allow({ metadata: { ticket: 'abc' }, limits }))
    const { dynamicMetadata } = checkMessages.decodeResponse(bytes) as { dynamicMetadata: unknown }
    const struct = (count: number, unit: string) => ({
      structValue: { fields: { requests_per_unit: { numberValue: count }, unit: { stringValue: unit } } },
    })
    expect(dynamicMetadata).toMatchObject({
      fields: {
        ticket: { stringValue: 'abc' },
        'limit.burst': struct(4_294_967_295, 'SECOND'),
        'limit.日': struct(0, 'DAY'),
      },
    })
    expect(encodeCheckResponse(allow({ metadata: { ticket: 'abc' }, limits })).equals(bytes)).toBe(true)
    expect(encodeCheckResponse(allow({ limits: {} })).equals(encodeCheckResponse(allow()))).toBe(true)
  })

  test('has code 0, its headers, and metadata of strings', () => {
    const answer = readCheckAnswer(
      encodeCheckResponse(
        allow({
          upstreamHeaders: [header('x-tollgate-account', 'alice'), header('authorization', 'Basic xyz')],
          responseHeaders: [header('ratelimit', '"burst";r=1'), header('ratelimit-policy', 'p')],
          metadata: { ticket: 'abc.def', name: 'Ünï' },
        }),
      ),
    )
    expect(answer).toMatchObject({
      allowed: true,
      upstreamHeaders: { 'x-tollgate-account': 'alice', authorization: 'Basic xyz' },
      headers: [
        ['ratelimit', '"burst";r=1'],
        ['ratelimit-policy', 'p'],
      ],
      metadata: { ticket: 'abc.def', name: 'Ünï' },
    })
  })

  test('adds RateLimit to what a rate limit filter behind Check says of its limits, on the way to the client only', () => {
    const names = ['ratelimit', 'ratelimit-policy', 'vary']
    const wire = (decision: Decision) => checkMessages.decodeResponse(encodeCheckResponse(decision)) as WireResponse
    const told = wire(allow({ responseHeaders: names.map((name) => header(name)) })).okResponse?.responseHeadersToAdd
    expect(told?.map(({ append }) => append?.value)).toEqual([true, true, undefined])
    expect(told?.map(({ appendAction }) => appendAction)).toEqual([undefined, undefined, 'OVERWRITE_IF_EXISTS_OR_ADD'])
    const denied = wire(deny(429, 'throttle', [header('ratelimit')])).deniedResponse?.headers
    expect(denied?.map(({ append }) => append?.value)).toEqual([undefined])
  })

  test('says append false and OVERWRITE in every header option', () => {
    const bytes = encodeCheckResponse(
      allow({ upstreamHeaders: [header('x-tollgate-account')], responseHeaders: [header('link')] }),
    )
    const { okResponse } = checkMessages.decodeResponse(bytes) as {
      okResponse: { headers: object[]; responseHeadersToAdd: object[] }
    }
    const option = { append: {}, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }
    const named = (key: string) => [{ ...option, header: { key, value: 'v' } }]
    expect(JSON.parse(JSON.stringify(okResponse))).toMatchObject({
      headers: named('x-tollgate-account'),
      responseHeadersToAdd: named('link'),
    })
    expect(JSON.stringify(okResponse.headers[0])).toContain('"append":{}')
  })

  test('always removes the caller’s Authorization and Envoy’s two marks', () => {
    const { removed } = readCheckAnswer(encodeCheckResponse(allow()))
    expect([...removed].sort()).toEqual([
      'authorization',
      'x-envoy-auth-failure-mode-allowed',
      'x-envoy-auth-partial-body',
    ])
  })

  test('never sets and removes one name, because Envoy removes last', () => {
    const answer = readCheckAnswer(
      encodeCheckResponse(
        allow({
          upstreamHeaders: [header('authorization', 'Basic own')],
          removedHeaders: ['authorization', 'x-tollgate-project'],
        }),
      ),
    )
    expect(answer.upstreamHeaders).toEqual({ authorization: 'Basic own' })
    expect(answer.removed).not.toContain('authorization')
    expect(answer.removed).toContain('x-tollgate-project')
  })

  test('removes a header whose own value cannot be sent, so that the caller’s does not stand in its place', () => {
    const dropped: string[] = []
    const decision = allow({
      upstreamHeaders: [header('authorization', 'Basic a\r\nx: y'), header('x-tollgate-account', 'é')],
    })
    const answer = readCheckAnswer(encodeCheckResponse(decision, (name, why) => dropped.push(`${name} ${why}`)))
    expect(answer.upstreamHeaders).toEqual({})
    expect(answer.removed).toEqual(expect.arrayContaining(['authorization', 'x-tollgate-account']))
    expect(dropped).toEqual(['authorization bad_value', 'x-tollgate-account bad_value'])
  })

  test.each([':path', ':method', 'host', 'cookie', 'X-Tollgate-Account', 'x-tollgate-a b'])(
    'never sends %j',
    (name) => {
      const answer = readCheckAnswer(
        encodeCheckResponse(allow({ upstreamHeaders: [header(name)], responseHeaders: [header(name)] })),
      )
      expect(answer.upstreamHeaders).toEqual({})
      expect(answer.headers).toEqual([])
    },
  )

  test('leaves Envoy’s own metadata key alone', () => {
    expect(readCheckAnswer(encodeCheckResponse(allow({ metadata: { ext_authz_duration: '1' } }))).metadata).toEqual({})
  })

  test('grows for a long value and is small again afterwards', () => {
    const long = 'x'.repeat(3_000_000)
    expect(readCheckAnswer(encodeCheckResponse(allow({ metadata: { ticket: long } }))).metadata['ticket']).toBe(long)
    expect(encodeCheckResponse(allow()).length).toBeLessThan(200)
  })
})

describe('encodeCheckResponse() of a refusal', () => {
  test.each([
    [401, 16],
    [403, 7],
    [429, 8],
    [503, 14],
    [302, 7],
  ])('sends %i with google.rpc code %i, never 0', (status, code) => {
    expect(readCheckAnswer(encodeCheckResponse(deny(status)))).toMatchObject({
      allowed: false,
      status,
      code,
      body: '{"detail":"nö"}',
    })
  })

  test.each([0, 99, 200, 299, 600, 1e9, Number.NaN, 403.5])('sends status %d as 403', (status) => {
    expect(readCheckAnswer(encodeCheckResponse(deny(status)))).toMatchObject({ allowed: false, status: 403 })
  })

  test('lets our own pages be 200, with a code that is not 0', () => {
    expect(readCheckAnswer(encodeCheckResponse(deny(200, 'answer')))).toMatchObject({
      allowed: false,
      status: 200,
      code: 7,
    })
  })

  test('keeps two challenges in their order', () => {
    const challenges = [header('www-authenticate', 'Basic realm="pypi"'), header('www-authenticate', 'Bearer')]
    expect(readCheckAnswer(encodeCheckResponse(deny(401, 'deny', challenges))).headers).toEqual([
      ['www-authenticate', 'Basic realm="pypi"'],
      ['www-authenticate', 'Bearer'],
    ])
  })

  test('drops a header with a line break and says so', () => {
    const dropped: string[] = []
    const bytes = encodeCheckResponse(
      deny(302, 'deny', [header('location', '/a\nb'), header('set-cookie')]),
      (name, why) => dropped.push(`${name} ${why}`),
    )
    expect(readCheckAnswer(bytes).headers).toEqual([])
    expect(dropped).toEqual(['location bad_value', 'set-cookie unknown_name'])
  })
})
