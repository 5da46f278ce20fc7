import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import { protoFolder } from './check-frame.ts'

/** A RateLimitRequest as proto-loader takes it: camel case, enums by name or number, uint64 as text. */
export interface RateLimitAsk {
  readonly domain?: string
  readonly descriptors?: readonly {
    readonly entries?: readonly { readonly key?: string; readonly value?: string }[]
    readonly limit?: { readonly requestsPerUnit?: number; readonly unit?: string | number }
    readonly hitsAddend?: { readonly value?: string | number }
    readonly isNegativeHits?: boolean
  }[]
  readonly hitsAddend?: number
}

/** A RateLimitResponse as Envoy reads it; absent fields are their defaults. */
export interface RateLimitReply {
  readonly overallCode: 'UNKNOWN' | 'OK' | 'OVER_LIMIT'
  readonly statuses: readonly {
    readonly code: 'UNKNOWN' | 'OK' | 'OVER_LIMIT'
    readonly currentLimit: {
      readonly requestsPerUnit: number
      readonly unit: string
      readonly name: string
    } | null
    readonly limitRemaining: number
    readonly durationUntilReset: { readonly seconds: string; readonly nanos: number } | null
  }[]
  readonly responseHeadersToAdd: readonly { readonly key: string; readonly value: string }[]
  readonly rawBody: Buffer
  /** The object that the Struct stands for. */
  readonly dynamicMetadata: Readonly<Record<string, unknown>> | null
}

/** Over our own .proto files, made by proto-loader and not by the code under test. */
const loaded = loadSync('envoy/service/ratelimit/v3/rls.proto', {
  includeDirs: [protoFolder],
  enums: String,
  longs: String,
  defaults: true,
})
const service = loaded['envoy.service.ratelimit.v3.RateLimitService'] as Readonly<
  Record<string, MethodDefinition<object, object>>
>

export function encodeRateLimitAsk(ask: RateLimitAsk): Buffer {
  return method().requestSerialize(ask)
}

export function readRateLimitReply(bytes: Buffer): RateLimitReply {
  const wire = method().responseDeserialize(bytes) as RateLimitReply & { readonly dynamicMetadata: WireStruct | null }
  return {
    ...wire,
    responseHeadersToAdd: wire.responseHeadersToAdd.map(({ key, value }) => ({ key, value })),
    dynamicMetadata: wire.dynamicMetadata && plainStruct(wire.dynamicMetadata),
  }
}

interface WireStruct {
  readonly fields?: Readonly<Record<string, WireValue>>
}
interface WireValue {
  readonly stringValue?: string
  readonly numberValue?: number
  readonly boolValue?: boolean
  readonly structValue?: WireStruct | null
  readonly listValue?: { readonly values?: readonly WireValue[] } | null
}

function plainStruct({ fields = {} }: WireStruct): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainValue(value)]))
}

function plainValue({ structValue, listValue, ...value }: WireValue): unknown {
  if (structValue) return plainStruct(structValue)
  if (listValue) return (listValue.values ?? []).map(plainValue)
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null
}

function method(): MethodDefinition<object, object> {
  const found = service['ShouldRateLimit']
  if (found === undefined) throw new Error('no ShouldRateLimit in these descriptors')
  return found
}
