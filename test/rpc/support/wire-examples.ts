/** One method of Envoy's with a message each way that fills every field we name. */
export interface WireExample {
  readonly service: string
  readonly method: string
  readonly request: object
  readonly response: object
}
export const check = {
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
} satisfies WireExample
export const rateLimit = {
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
} satisfies WireExample
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
export const accessLog = {
  service: 'envoy.service.accesslog.v3.AccessLogService',
  method: 'StreamAccessLogs',
  request: {
    identifier: { node: { id: 'edge-1', cluster: 'edge' }, logName: 'usage' },
    httpLogs: { logEntry: [logged, {}] },
  },
  response: {},
} satisfies WireExample
