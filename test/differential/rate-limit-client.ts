import { join } from 'node:path'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'

export interface WireEntry {
  readonly key: string
  readonly value: string
}
export interface WireDescriptor {
  readonly entries: readonly WireEntry[]
  /** `unit` by number, so that numbers which are no unit can be sent. */
  readonly limit?: { readonly requestsPerUnit: number; readonly unit: number }
  /** A wrapper; 64 bits, as decimal text. */
  readonly hitsAddend?: { readonly value: string }
  readonly isNegativeHits?: boolean
}
export interface WireRequest {
  readonly domain: string
  readonly descriptors: readonly WireDescriptor[]
  readonly hitsAddend?: number
}

export interface WireStatus {
  readonly code: string
  readonly currentLimit: { readonly requestsPerUnit: number; readonly unit: string; readonly name: string } | null
  readonly limitRemaining: number
  readonly durationUntilReset: { readonly seconds: string; readonly nanos: number } | null
}
export interface WireAnswer {
  readonly overallCode: string
  readonly statuses: readonly WireStatus[]
  readonly responseHeadersToAdd: readonly { readonly key: string; readonly value: string }[]
  readonly rawBody: Buffer
}

/** What came: an answer, or the gRPC error. */
export type Outcome = { readonly answer: WireAnswer } | { readonly error: string }

export interface RateLimitClient {
  /** Waits at most so long, 5 s unless told otherwise. Never rejects. */
  ask(request: WireRequest, msMax?: number): Promise<Outcome>
  close(): void
}

const path = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit'
const askMsMax = 5_000
const protoFolder = join(import.meta.dirname, '../../proto')

/** ShouldRateLimit on a connection of its own, encoded by proto-loader and not by the code under test. */
export function createRateLimitClient(address: string): RateLimitClient {
  const { requestSerialize, responseDeserialize } = loadMethod()
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  return {
    ask: (request, msMax = askMsMax) =>
      new Promise((resolve) => {
        const options = { deadline: Date.now() + msMax }
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          new Metadata(),
          options,
          (error, answer) => resolve(answer === undefined ? { error: error?.message ?? 'no answer' } : { answer }),
        )
      }),
    close: () => client.close(),
  }
}

function loadMethod(): MethodDefinition<WireRequest, WireAnswer> {
  const loaded = loadSync('envoy/service/ratelimit/v3/rls.proto', {
    includeDirs: [protoFolder],
    enums: String,
    longs: String,
    defaults: true,
  })
  const service = loaded['envoy.service.ratelimit.v3.RateLimitService']
  return (service as Readonly<Record<string, unknown>>)['ShouldRateLimit'] as MethodDefinition<WireRequest, WireAnswer>
}
