import { Client, credentials } from '@grpc/grpc-js'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import { protoFolder } from './check-frame.ts'

/** What a test says of one logged request; the rest is as Envoy logs a complete download of 5 MB. */
export interface LogAsk {
  /** From the metadata of an allowed Check; absent: nothing of ours. */
  readonly ticket?: string
  readonly type?: 'DownstreamEnd' | 'DownstreamPeriodic'
  readonly method?: string
  readonly path?: string
  readonly status?: number
  /** A uint64; text where a number is not exact. */
  readonly bodyBytes?: number | string
  readonly wireBytes?: number | string
  /** Sent by the client. */
  readonly requestBodyBytes?: number
  readonly contentLength?: number
  /** A google.protobuf.Duration, which may be negative. */
  readonly duration?: { readonly seconds: string; readonly nanos: number }
  /** As Envoy names why it answered itself: `ext_authz_error`, `path_normalization_failed`, … */
  readonly details?: string
  readonly aborted?: boolean
  /** What the client asked for, and what it was told to get. */
  readonly range?: string
  readonly contentRange?: string
}

/** Sends entries on an access log stream as an Envoy does. */
export interface LogClient {
  send(...asks: readonly LogAsk[]): void
  sendBytes(message: Buffer): void
  /** Ends the stream, and resolves when all of it was taken. */
  finish(): Promise<void>
  close(): void
}

const loaded = loadSync('envoy/service/accesslog/v3/als.proto', {
  includeDirs: [protoFolder],
  enums: String,
  longs: String,
})
const methods = loaded['envoy.service.accesslog.v3.AccessLogService'] as Readonly<
  Record<string, MethodDefinition<object, object>>
>

export function createLogClient(address: string): LogClient {
  const method = methods['StreamAccessLogs']
  if (method === undefined) throw new Error('There is no StreamAccessLogs in these descriptors')
  const client = new Client(address, credentials.createInsecure())
  const same = (bytes: Buffer): Buffer => bytes
  const ended = Promise.withResolvers<void>()
  const stream = client.makeClientStreamRequest(method.path, same, same, () => ended.resolve())
  stream.on('error', () => undefined)
  let isFirst = true
  return {
    send(...asks) {
      const identifier = { node: { id: 'edge-1', cluster: 'edge' }, logName: 'usage' }
      const message = { ...(isFirst && { identifier }), httpLogs: { logEntry: asks.map(entryOf) } }
      isFirst = false
      stream.write(method.requestSerialize(message))
    },
    sendBytes: (message) => void stream.write(message),
    finish: () => {
      stream.end()
      return ended.promise
    },
    close: () => {
      stream.cancel()
      client.close()
    },
  }
}

function entryOf(ask: LogAsk): object {
  const { type = 'DownstreamEnd', status = 200, bodyBytes = 5_000_000 } = ask
  const { method = 'GET', path = '/packages/aa/demo-1.0-py3-none-any.whl', wireBytes = Number(bodyBytes) + 500 } = ask
  const contentLength = String(ask.contentLength ?? bodyBytes)
  return {
    commonProperties: {
      ...(ask.ticket !== undefined && { metadata: metadataOf(ask.ticket) }),
      responseFlags: { downstreamConnectionTermination: ask.aborted ?? false },
      downstreamWireBytesSent: String(wireBytes),
      accessLogType: type,
      streamId: 'stream-1',
      ...(ask.duration !== undefined && { duration: ask.duration }),
    },
    request: {
      requestMethod: method,
      path,
      requestId: 'request-1',
      requestBodyBytes: String(ask.requestBodyBytes ?? 0),
      ...(ask.range !== undefined && { requestHeaders: { range: ask.range } }),
    },
    response: {
      ...(status > 0 && { responseCode: { value: status } }),
      responseBodyBytes: String(bodyBytes),
      responseHeaders: {
        'content-length': contentLength,
        ...(ask.contentRange !== undefined && { 'content-range': ask.contentRange }),
      },
      responseCodeDetails: ask.details ?? 'via_upstream',
    },
  }
}

function metadataOf(ticket: string): object {
  return { filterMetadata: { 'envoy.filters.http.ext_authz': { fields: { ticket: { stringValue: ticket } } } } }
}
