import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type MethodDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader'
import { describe, expect, test } from 'vitest'
import type { RateLimitRequest } from '../../src/check/rate-limit/rate-limit-words.ts'
import type { AccessLogEntry } from '../../src/core/access-log.ts'
import { decodeAccessLogEntry } from '../../src/grpc/access-log-entry.ts'
import { createAccessLogMethod } from '../../src/grpc/access-log-service.ts'
import { decodeCheckRequest } from '../../src/grpc/check-request.ts'
import { encodeCheckResponse } from '../../src/grpc/check-response.ts'
import { createRateLimitService } from '../../src/grpc/rate-limit-service.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { checkFrame, checkRequestOf, protoFolder } from '../rpc/support/check-frame.ts'
import { linesOf } from '../rpc/support/descriptor-lines.ts'
import { accessLog, check, rateLimit, type WireExample } from '../rpc/support/wire-examples.ts'
import { readOfficialDescriptors } from '../support/official-descriptors.ts'

// Envoy's own descriptors on one side, our codecs and .proto files on the other; a wrong number or type of ours shows as a difference.
const files = [
  'envoy/service/auth/v3/external_auth.proto',
  'envoy/service/ratelimit/v3/rls.proto',
  'envoy/service/accesslog/v3/als.proto',
]
const options = { enums: String, longs: String } as const
const official = loadFileDescriptorSetFromBuffer(readOfficialDescriptors(...files), options)
const ours = loadSync(files, { includeDirs: [protoFolder], ...options })

/** In Envoy 1.40 (seen in its binary), and not yet in the descriptors that tests have. */
const newer = [
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.is_negative_hits = 4 LABEL_OPTIONAL TYPE_BOOL ',
]

type Codec = MethodDefinition<object, object>

function methodOf(
  loaded: PackageDefinition,
  { service, method }: { readonly service: string; readonly method: string },
): Codec {
  const found = (loaded[service] as Readonly<Record<string, Codec>>)[method]
  if (found === undefined) throw new Error(`no ${service}/${method}`)
  return found
}

const plain = (message: unknown): unknown => JSON.parse(JSON.stringify(message))

test('every field of our .proto files has the official name, number, kind and type', () => {
  const theirs = new Set(linesOf(official))
  const own = linesOf(loadSync(files, { includeDirs: [protoFolder], keepCase: true }))
  expect(own.length).toBeGreaterThan(200)
  expect(own.filter((line) => !theirs.has(line))).toEqual(newer)
})

/** The message as the official descriptors write it: what they do not know is lost on the way. */
const officialRequest = (rpc: WireExample, message: object = rpc.request): Buffer => {
  const codec = methodOf(official, rpc)
  return codec.requestSerialize(codec.requestDeserialize(methodOf(ours, rpc).requestSerialize(message)))
}
const officialResponse = (rpc: WireExample, bytes: Buffer): Buffer => {
  const codec = methodOf(official, rpc)
  return codec.responseSerialize(codec.responseDeserialize(bytes))
}

describe.each([check, rateLimit, accessLog])('$service/$method', (rpc) => {
  const [theirs, own] = [methodOf(official, rpc), methodOf(ours, rpc)]

  test('has the official path and kind', () => {
    expect([own.path, own.requestStream, own.responseStream]).toEqual([
      theirs.path,
      theirs.requestStream,
      theirs.responseStream,
    ])
  })

  test('loses nothing on its way through the official descriptors', () => {
    expect(plain(own.requestDeserialize(officialRequest(rpc)))).toEqual(plain(rpc.request))
    const response = officialResponse(rpc, own.responseSerialize(rpc.response))
    expect(plain(own.responseDeserialize(response))).toEqual(plain(rpc.response))
  })
})

test('decodeCheckRequest() reads an officially encoded Check', () => {
  expect(decodeCheckRequest(officialRequest(check))).toMatchObject({
    ok: true,
    facts: {
      method: 'POST',
      host: 'h.example',
      target: '/a?b=c',
      address: '10.1.2.3',
      requestId: 'r',
      upstream: 'pypi',
    },
  })
  expect(decodeCheckRequest(officialRequest(check, checkRequestOf()))).toEqual(decodeCheckRequest(checkFrame()))
})

test('encodeCheckResponse() means to the official descriptors what it meant', () => {
  const header = { name: 'x-tollgate-account', value: 'alice' }
  const option = {
    header: { key: 'x-tollgate-account', value: 'alice' },
    append: {},
    append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
  }
  const decode = methodOf(official, check).responseDeserialize
  const allowed = encodeCheckResponse({
    verdict: 'allow',
    upstreamHeaders: [header],
    removedHeaders: [],
    responseHeaders: [header],
    metadata: { ticket: 't' },
  })
  expect(plain(decode(allowed))).toEqual({
    status: {},
    ok_response: {
      headers: [option],
      headers_to_remove: expect.arrayContaining(['authorization']),
      response_headers_to_add: [option],
    },
    // A map, read from a descriptor set, is its entries.
    dynamic_metadata: { fields: [{ key: 'ticket', value: { string_value: 't' } }] },
  })
  const denied = encodeCheckResponse({
    verdict: 'throttle',
    reason: 'rate',
    answer: { status: 429, headers: [header], body: 'wait' },
    metadata: {},
  })
  expect(plain(decode(denied))).toEqual({
    status: { code: 8 },
    denied_response: { status: { code: 'TooManyRequests' }, headers: [option], body: 'wait' },
  })
})

test('createAccessLogMethod() reads an officially encoded message', async () => {
  const taken: AccessLogEntry[] = []
  const method = createAccessLogMethod({
    observer: silentObserver,
    onBroke: () => undefined,
    report: async (entries) => {
      taken.push(...entries)
    },
  })
  if (method.kind !== 'client-stream') throw new Error('the access log is not a client stream')
  const encode = (message: object) => officialRequest(accessLog, message)
  const stream = method.open()
  await stream.take(encode(accessLog.request))
  await stream.take(encode({ httpLogs: { logEntry: [{ commonProperties: { accessLogType: 'DownstreamEnd' } }] } }))
  expect(taken[0]).toEqual({
    node: 'edge-1',
    checked: true,
    ticket: 'the.ticket',
    type: 'periodic',
    requestId: 'rid',
    method: 'PATCH',
    path: '/f.whl',
    status: 206,
    details: 'via_upstream',
    bodyBytes: 30_000_000_000,
    wireBytes: 40_000_000_000,
    aborted: true,
    durationMs: 2346,
    requestBodyBytes: 2,
    range: 'bytes=5-',
    contentLengthBytes: 99,
    contentRange: 'bytes 5-103/104',
  })
  expect(taken.slice(1)).toMatchObject([
    { node: 'edge-1', checked: false, status: 0 },
    { node: 'edge-1', type: 'end' },
  ])
  expect(taken[2]).not.toHaveProperty('ticket')
})

test('decodeAccessLogEntry() says `aborted` for either side’s leaving, and for nothing else', () => {
  const encode = (message: object) => officialRequest(accessLog, message)
  const abortedBy = (flags: object): boolean | undefined => {
    const message = encode({ httpLogs: { logEntry: [{ commonProperties: { responseFlags: flags } }] } })
    // Field 2, a message; in it field 1, the entry: both shorter than 128 bytes.
    return decodeAccessLogEntry(message.subarray(4), '')?.aborted
  }
  for (const flag of [
    'downstreamConnectionTermination',
    'downstreamRemoteReset',
    'upstreamProtocolError',
    'streamIdleTimeout',
  ]) {
    expect([flag, abortedBy({ [flag]: true })]).toEqual([flag, true])
  }
  for (const flag of ['rateLimited', 'noRouteFound', 'overloadManager2']) {
    expect([flag, abortedBy({ [flag]: true })]).toEqual([flag, false])
  }
})

test('decodeAccessLogEntry() calls a refusal checked, also when it left no metadata', () => {
  const entryOf = (details: string): AccessLogEntry | undefined => {
    const message = officialRequest(accessLog, {
      httpLogs: { logEntry: [{ response: { responseCodeDetails: details } }] },
    })
    return decodeAccessLogEntry(message.subarray(4), '')
  }
  expect(entryOf('ext_authz_denied')).toMatchObject({ checked: true, details: 'ext_authz_denied' })
  expect(entryOf('ext_authz_error')).toMatchObject({ checked: false })
  expect(entryOf('via_upstream')).toMatchObject({ checked: false })
})

test('createRateLimitService() reads an officially encoded question and is read', async () => {
  const asked: RateLimitRequest[] = []
  const { method } = createRateLimitService({
    ...{ observer: silentObserver, gate: { overload: () => undefined }, callMsMax: 200, nowMs: Date.now },
    lateAnswer: () => undefined,
    rateLimit: async (request) => {
      asked.push(request)
      return {
        code: 'over_limit',
        statuses: [
          { code: 'ok', remaining: 2 },
          {
            code: 'over_limit',
            limit: { requestsPerUnit: 5, unit: 'week', name: 'n' },
            remaining: 4,
            resetMs: 3_004,
          },
        ],
        responseHeaders: [{ name: 'retry-after', value: '4' }],
        body: 'body',
        metadata: { a: ['b', 1.5, { c: true }] },
      }
    },
  })
  if (method.kind !== 'unary') throw new Error('ShouldRateLimit is not unary')
  const rpc = methodOf(official, rateLimit)
  expect(method.path).toBe(rpc.path)
  const never = Number.POSITIVE_INFINITY
  const call = { deadlineMs: never, headByMs: never, startAnswer: () => undefined, onLeft: () => undefined }
  const answer = await method.answer(officialRequest(rateLimit), call)
  expect(asked).toEqual([
    {
      domain: 'pypi',
      hitsAddend: 3,
      descriptors: [
        {
          entries: [{ key: 'account', value: 'alice' }],
          hitsAddend: 5_000_000_000,
          override: { requestsPerUnit: 9, unit: 'hour' },
        },
        { entries: [{ key: 'peek', value: '' }], hitsAddend: 0 },
      ],
    },
  ])
  const list = [{ string_value: 'b' }, { number_value: 1.5 }]
  const inner = { struct_value: { fields: [{ key: 'c', value: { bool_value: true } }] } }
  expect(plain(rpc.responseDeserialize(answer))).toEqual({
    overall_code: 'OVER_LIMIT',
    statuses: [
      { code: 'OK', limit_remaining: 2 },
      {
        code: 'OVER_LIMIT',
        current_limit: { requests_per_unit: 5, unit: 'WEEK', name: 'n' },
        limit_remaining: 4,
        duration_until_reset: { seconds: '3', nanos: 4_000_000 },
      },
    ],
    response_headers_to_add: [{ key: 'retry-after', value: '4' }],
    raw_body: plain(Buffer.from('body')),
    // A map, read from a descriptor set, is its entries.
    dynamic_metadata: { fields: [{ key: 'a', value: { list_value: { values: [...list, inner] } } }] },
  })
  const malformed = await method.answer(Buffer.from([0x12, 0xff]), call)
  expect(plain(rpc.responseDeserialize(malformed))).toEqual({ overall_code: 'OVER_LIMIT' })
})
