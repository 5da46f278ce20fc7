import { join } from 'node:path'
import { loadSync, type MethodDefinition, type PackageDefinition } from '@grpc/proto-loader'

/** What a test wants to ask; the rest is as Envoy 1.40 sends it for a uv download. */
export interface CheckAsk {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  /** Sent as the token of `Authorization: Bearer`; `headers` may say something else. */
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly address?: string
  /** `context_extensions`: what the route in Envoy says. */
  readonly extensions?: Readonly<Record<string, string>>
}

interface CheckMessages {
  readonly encodeRequest: (message: object) => Buffer
  readonly decodeRequest: (bytes: Buffer) => object
  readonly encodeResponse: (message: object) => Buffer
  readonly decodeResponse: (bytes: Buffer) => unknown
}

export const protoFolder = join(import.meta.dirname, '../../../proto')

/** Codecs of Check over our own .proto files, made by proto-loader and not by the code under test. */
export const checkMessages = messagesOf(
  loadSync('envoy/service/auth/v3/external_auth.proto', { includeDirs: [protoFolder], enums: String, longs: String }),
)

function messagesOf(loaded: PackageDefinition): CheckMessages {
  const service = loaded['envoy.service.auth.v3.Authorization'] as Readonly<
    Record<string, MethodDefinition<object, object>>
  >
  const method = service['Check']
  if (method === undefined) throw new Error('no Check in these descriptors')
  return {
    encodeRequest: (message) => method.requestSerialize(message),
    decodeRequest: (bytes) => method.requestDeserialize(bytes),
    encodeResponse: (message) => method.responseSerialize(message),
    decodeResponse: (bytes) => method.responseDeserialize(bytes),
  }
}

const userAgent =
  'uv/0.13.9 {"installer":{"name":"uv","version":"0.13.9","subcommand":["pip","install"]},"python":"3.11.7","implementation":{"name":"CPython","version":"3.11.7"},"distro":{"name":"Debian GNU/Linux","version":"12","id":"bookworm"},"cpu":"x86_64"}'

/** The CheckRequest for one ask, as a proto-loader message. Peer 127.0.0.1; about 770 bytes encoded with a token. */
export function checkRequestOf(ask: CheckAsk = {}): object {
  const { method = 'GET', host = 'pypi.example', address = '203.0.113.7' } = ask
  const path = ask.path ?? '/simple/demo-package/'
  const headers = {
    ':authority': host,
    ':method': method,
    ':path': path,
    ':scheme': 'http',
    accept: '*/*',
    'accept-encoding': 'identity',
    'user-agent': userAgent,
    'x-envoy-external-address': address,
    'x-forwarded-for': address,
    'x-forwarded-proto': 'http',
    'x-request-id': '5b2f6a0e-7f0e-4c59-9f0a-1f8a9f2f4c11',
    ...(ask.token !== undefined && { authorization: `Bearer ${ask.token}` }),
    ...ask.headers,
  }
  return {
    attributes: {
      source: { address: { socketAddress: { address: '127.0.0.1', portValue: 40_312 } } },
      destination: { address: { socketAddress: { address: '127.0.0.1', portValue: 10_000 } } },
      request: {
        time: { seconds: '1795316400', nanos: 123_456_000 },
        http: { id: '9127639813221543', method, headers, path, host, scheme: 'http', protocol: 'HTTP/1.1' },
      },
      contextExtensions: ask.extensions ?? {},
      metadataContext: {},
      routeMetadataContext: {},
    },
  }
}

/** The same, encoded: for benches that send one frame many times. */
export function checkFrame(ask: CheckAsk = {}): Buffer {
  return checkMessages.encodeRequest(checkRequestOf(ask))
}
