import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { encodeRateLimitAsk, readRateLimitReply } from './rate-limit-frame.ts'

/** One descriptor as tests write it: `{ of: { path: '/a', user: 'x' } }`, its entries in that order. */
export interface AskedDescriptor {
  readonly of: Readonly<Record<string, string>> | readonly (readonly [string, string])[]
  readonly hits?: number | string
  readonly isNegative?: boolean
  /** The unit by its number on the wire. */
  readonly limit?: { readonly requestsPerUnit: number; readonly unit: number }
}

export interface AskedLimits {
  readonly domain: string
  readonly descriptors: readonly AskedDescriptor[]
  readonly hits?: number
}

/** A RateLimitResponse in few words. */
export interface ToldLimits {
  readonly code: string
  readonly statuses: readonly {
    readonly code: string
    readonly limit: { readonly amount: number; readonly unit: string; readonly name: string } | undefined
    readonly remaining: number
    /** Undefined where the answer has none. */
    readonly resetMs: number | undefined
  }[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly metadata: Readonly<Record<string, unknown>> | undefined
}

export interface RateLimitClient {
  ask(asked: AskedLimits): Promise<ToldLimits>
  /** Sends these bytes as the request, whatever they are. Rejects with the gRPC error when there is one. */
  askBytes(bytes: Buffer): Promise<ToldLimits>
  close(): void
}

const path = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit'
const same = (bytes: Buffer): Buffer => bytes

/** A client on its own connection; `timeoutMs` as Envoy's filter has it. */
export function createRateLimitClient(address: string, { timeoutMs = 1_000 } = {}): RateLimitClient {
  const options = { 'grpc.use_local_subchannel_pool': 1 }
  const client = new Client(address, credentials.createInsecure(), options)
  const askBytes = (bytes: Buffer): Promise<ToldLimits> =>
    new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs
      client.makeUnaryRequest(path, same, same, bytes, new Metadata(), { deadline }, (error, reply) =>
        error || !reply ? reject(error) : resolve(toldOf(reply)),
      )
    })
  return { askBytes, ask: (asked) => askBytes(frameOf(asked)), close: () => client.close() }
}

/** The bytes of a call. */
export function frameOf({ domain, descriptors, hits = 0 }: AskedLimits): Buffer {
  return encodeRateLimitAsk({
    domain,
    hitsAddend: hits,
    descriptors: descriptors.map(({ of, hits: own, isNegative = false, limit }) => ({
      entries: (isPairs(of) ? of : Object.entries(of)).map(([key, value]) => ({ key, value })),
      ...(own !== undefined && { hitsAddend: { value: String(own) } }),
      isNegativeHits: isNegative,
      ...(limit && { limit }),
    })),
  })
}

function isPairs(of: AskedDescriptor['of']): of is readonly (readonly [string, string])[] {
  return Array.isArray(of)
}

function toldOf(bytes: Buffer): ToldLimits {
  const { overallCode, statuses, responseHeadersToAdd, rawBody, dynamicMetadata } = readRateLimitReply(bytes)
  return {
    code: overallCode,
    statuses: statuses.map(({ code, currentLimit, limitRemaining, durationUntilReset }) => ({
      code,
      limit: currentLimit
        ? { amount: currentLimit.requestsPerUnit, unit: currentLimit.unit, name: currentLimit.name }
        : undefined,
      remaining: limitRemaining,
      resetMs: durationUntilReset
        ? Number(durationUntilReset.seconds) * 1_000 + durationUntilReset.nanos / 1_000_000
        : undefined,
    })),
    headers: Object.fromEntries(responseHeadersToAdd.map(({ key, value }) => [key, value])),
    body: rawBody.toString('utf8'),
    metadata: dynamicMetadata ?? undefined,
  }
}
