import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type MethodDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader'
import { describe, expect, test } from 'vitest'
import type { RateLimitRequest } from '../../src/check/rate-limit.ts'
import type { AccessLogEntry } from '../../src/core/access-log.ts'
import { decodeAccessLogEntry } from '../../src/grpc/access-log-entry.ts'
import { createAccessLogMethod } from '../../src/grpc/access-log-service.ts'
import { decodeCheckRequest } from '../../src/grpc/check-request.ts'
import { encodeCheckResponse } from '../../src/grpc/check-response.ts'
import { createRateLimitMethod } from '../../src/grpc/rate-limit-service.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { checkFrame, checkRequestOf, protoFolder } from '../rpc/support/check-frame.ts'
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

type Codec = MethodDefinition<object, object>

function methodOf(
  loaded: PackageDefinition,
  { service, method }: { readonly service: string; readonly method: string },
): Codec {
  const found = (loaded[service] as Readonly<Record<string, Codec>>)[method]
  if (found === undefined) throw new Error(`no ${service}/${method}`)
  return found
}

interface DescriptorField {
  readonly name: string
  readonly number: number
  readonly label: string
  readonly type: string
  readonly typeName: string
}
interface Descriptor {
  readonly field?: readonly DescriptorField[]
  readonly value?: readonly { readonly name: string; readonly number: number }[]
  readonly nestedType?: readonly (Descriptor & {
    readonly name: string
    readonly options?: { readonly mapEntry?: boolean }
  })[]
  readonly enumType?: readonly (Descriptor & { readonly name: string })[]
}

/** Lines `message.field = number label type`, for every message and enum of Envoy's that these descriptors hold. */
function linesOf(loaded: PackageDefinition): readonly string[] {
  return Object.entries(loaded).flatMap(([name, definition]) => {
    if (!/^(envoy|google\.rpc)\./.test(name) || !('type' in definition)) return []
    return descriptorLines(name, definition.type as Descriptor)
  })
}

function descriptorLines(
  name: string,
  { field = [], value = [], nestedType = [], enumType = [] }: Descriptor,
): readonly string[] {
  return [
    ...field.map((one) => `${name}.${one.name} = ${one.number} ${one.label} ${kindOf(one)}`),
    ...value.map((one) => `${name}.${one.name} = ${one.number}`),
    ...[...nestedType.filter((inner) => inner.options?.mapEntry !== true), ...enumType].flatMap((inner) =>
      descriptorLines(`${name}.${inner.name}`, inner),
    ),
  ]
}

/** Type names only by their last part: one side writes them relative, the other absolute. A number on the wire is a number, also as an enum. */
function kindOf({ type, typeName }: DescriptorField): string {
  if (type === 'TYPE_ENUM' || type === 'TYPE_INT32') return 'number'
  return `${type} ${typeName
    .split('.')
    .at(-1)
    ?.replace(/Entry$/, '')}`
}

const plain = (message: unknown): unknown => JSON.parse(JSON.stringify(message))

interface Services {
  readonly service: string
  readonly method: string
  readonly request: object
  readonly response: object
}
const check = {
  service: 'envoy.service.auth.v3.Authorization',
  method: 'Check',
  request: {
    attributes: {
      source: {
        address: { socketAddress: { address: '10.1.2.3', portValue: 4000 } },
        service: 's',
        labels: { a: 'b' },
        principal: 'p',
        certificate: 'c',
      },
      destination: { address: { pipe: { path: '/run/x', mode: 384 } } },
      request: {
        time: { seconds: '1795316400', nanos: 5 },
        http: {
          id: '1',
          method: 'POST',
          headers: { ':path': '/a', 'x-request-id': 'r' },
          path: '/a?b=c',
          host: 'h.example:80',
          scheme: 'https',
          query: 'q',
          fragment: 'f',
          size: '-1',
          protocol: 'HTTP/2',
          body: 'b',
          rawBody: Buffer.from([1]),
          headerMap: { headers: [{ key: 'k', rawValue: Buffer.from([255]) }] },
        },
      },
      contextExtensions: { upstream: 'pypi' },
      metadataContext: { filterMetadata: { ns: { fields: { k: { stringValue: 'v' } } } } },
      tlsSession: { sni: 'sni.example' },
      routeMetadataContext: {},
    },
  },
  response: {
    status: { code: 7, message: 'no' },
    deniedResponse: {
      status: { code: 429 },
      headers: [
        {
          header: { key: 'a', value: 'b' },
          append: {},
          appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
          keepEmptyValue: true,
        },
      ],
      body: 'body',
    },
    dynamicMetadata: { fields: { ticket: { stringValue: 't' } } },
  },
} satisfies Services
const rateLimit = {
  service: 'envoy.service.ratelimit.v3.RateLimitService',
  method: 'ShouldRateLimit',
  request: {
    domain: 'pypi',
    descriptors: [
      {
        entries: [{ key: 'account', value: 'alice' }],
        limit: { requestsPerUnit: 9, unit: 'HOUR' },
        hitsAddend: { value: '5000000000' },
      },
      { entries: [{ key: 'peek' }], hitsAddend: {} },
    ],
    hitsAddend: 3,
  },
  response: {
    overallCode: 'OVER_LIMIT',
    statuses: [
      {
        code: 'OVER_LIMIT',
        currentLimit: { requestsPerUnit: 5, unit: 'WEEK', name: 'n' },
        limitRemaining: 4,
        durationUntilReset: { seconds: '3', nanos: 4 },
      },
    ],
    responseHeadersToAdd: [{ key: 'retry-after', value: '4' }],
    requestHeadersToAdd: [{ key: 'x', value: 'y' }],
    rawBody: Buffer.from('body'),
    dynamicMetadata: { fields: { a: { stringValue: 'b' } } },
  },
} satisfies Services
const logged = {
  commonProperties: {
    sampleRate: 1,
    downstreamRemoteAddress: { socketAddress: { address: '10.0.0.9' } },
    startTime: { seconds: '1795316400' },
    timeToLastDownstreamTxByte: { seconds: '1' },
    upstreamCluster: 'upstream',
    responseFlags: { unauthorizedDetails: { reason: 'EXTERNAL_SERVICE' }, downstreamConnectionTermination: true },
    metadata: {
      filterMetadata: {
        'envoy.filters.http.ext_authz': { fields: { ticket: { stringValue: 'the.ticket' }, n: { numberValue: 1.5 } } },
      },
    },
    routeName: 'pypi',
    customTags: { latency: '2927' },
    duration: { seconds: '2', nanos: 345_600_000 },
    streamId: 'stream',
    downstreamWireBytesSent: '40000000000',
    downstreamWireBytesReceived: '4',
    upstreamWireBytesSent: '5',
    upstreamWireBytesReceived: '6',
    accessLogType: 'DownstreamPeriodic',
  },
  protocolVersion: 'HTTP2',
  request: {
    requestMethod: 'PATCH',
    scheme: 'https',
    authority: 'pypi.example',
    port: { value: 443 },
    path: '/f.whl',
    userAgent: 'uv',
    requestId: 'rid',
    originalPath: '/o',
    requestHeadersBytes: '1',
    requestBodyBytes: '2',
    requestHeaders: { range: 'bytes=5-' },
  },
  response: {
    responseCode: { value: 206 },
    responseHeadersBytes: '8',
    responseBodyBytes: '30000000000',
    responseHeaders: { 'content-length': '99', 'content-range': 'bytes 5-103/104' },
    responseCodeDetails: 'via_upstream',
  },
}
const accessLog = {
  service: 'envoy.service.accesslog.v3.AccessLogService',
  method: 'StreamAccessLogs',
  request: {
    identifier: { node: { id: 'edge-1', cluster: 'edge' }, logName: 'usage' },
    httpLogs: { logEntry: [logged, {}] },
  },
  response: {},
} satisfies Services

test('every field of our .proto files has the official name, number, kind and type', () => {
  const theirs = new Set(linesOf(official))
  const own = linesOf(loadSync(files, { includeDirs: [protoFolder], keepCase: true }))
  expect(own.length).toBeGreaterThan(150)
  expect(own.filter((line) => !theirs.has(line))).toEqual([])
})

/** The message as the official descriptors write it: what they do not know is lost on the way. */
const officialRequest = (rpc: Services, message: object = rpc.request): Buffer => {
  const codec = methodOf(official, rpc)
  return codec.requestSerialize(codec.requestDeserialize(methodOf(ours, rpc).requestSerialize(message)))
}
const officialResponse = (rpc: Services, bytes: Buffer): Buffer => {
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

test('createRateLimitMethod() reads an officially encoded question and is read', async () => {
  const asked: RateLimitRequest[] = []
  const method = createRateLimitMethod({
    observer: silentObserver,
    rateLimit: async (request) => {
      asked.push(request)
      return [{ state: 'ok' }, { state: 'over_limit' }]
    },
  })
  if (method.kind !== 'unary') throw new Error('ShouldRateLimit is not unary')
  const rpc = methodOf(official, rateLimit)
  const call = { deadlineMs: Number.POSITIVE_INFINITY, onLeft: () => undefined }
  const answer = await method.answer(officialRequest(rateLimit), call)
  expect(asked).toEqual([
    {
      domain: 'pypi',
      hitsAddend: 3,
      descriptors: [
        { entries: [{ key: 'account', value: 'alice' }], hitsAddend: 5_000_000_000 },
        { entries: [{ key: 'peek', value: '' }], hitsAddend: 0 },
      ],
    },
  ])
  expect(plain(rpc.responseDeserialize(answer))).toEqual({
    overall_code: 'OVER_LIMIT',
    statuses: [{ code: 'OK' }, { code: 'OVER_LIMIT' }],
  })
  const malformed = await method.answer(Buffer.from([0x12, 0xff]), call)
  expect(plain(rpc.responseDeserialize(malformed))).toEqual({ overall_code: 'OVER_LIMIT' })
})
