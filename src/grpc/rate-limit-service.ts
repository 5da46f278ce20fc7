import { join } from 'node:path'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import type { RateLimitAnswer, RateLimitRequest } from '../check/rate-limit.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Method } from './methods.ts'

export interface RateLimitOptions {
  readonly rateLimit: (request: RateLimitRequest) => Promise<RateLimitAnswer>
  readonly observer: Observer
}

/** As proto-loader gives and takes them: camel case, enums by name, a wrapper holding 0 as `{}`. */
interface WireRequest {
  readonly domain?: string
  readonly descriptors?: readonly {
    readonly entries?: readonly { readonly key?: string; readonly value?: string }[]
    readonly hitsAddend?: { readonly value?: string }
  }[]
  readonly hitsAddend?: number
}
interface WireResponse {
  readonly overallCode: 'OK' | 'OVER_LIMIT'
  readonly statuses: readonly { readonly code: 'OK' | 'OVER_LIMIT' }[]
}

const protoFolder = join(import.meta.dirname, '../../proto')

/**
 * `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`. A question that cannot be read, and one whose answer fails, is answered
 * OVER_LIMIT: a gRPC error or UNKNOWN would let the request pass (Envoy 1.40).
 */
export function createRateLimitMethod({ rateLimit, observer }: RateLimitOptions): Method {
  const { path, requestDeserialize, responseSerialize } = loadMethod()
  return {
    kind: 'unary',
    path,
    async answer(bytes) {
      try {
        const answer = await rateLimit(requestOf(requestDeserialize(bytes)))
        const statuses = answer.map(({ state }) => ({ code: state === 'ok' ? 'OK' : 'OVER_LIMIT' }) as const)
        const overallCode = statuses.some(({ code }) => code === 'OVER_LIMIT') ? 'OVER_LIMIT' : 'OK'
        observer.count('rate_limits_total', { code: overallCode })
        return responseSerialize({ overallCode, statuses })
      } catch (error) {
        observer.count('rate_limits_total', { code: 'failed' })
        observer.warn('rate_limit_failed', { error })
        return responseSerialize({ overallCode: 'OVER_LIMIT', statuses: [] })
      }
    },
  }
}

function requestOf(wire: WireRequest): RateLimitRequest {
  return {
    domain: wire.domain ?? '',
    hitsAddend: wire.hitsAddend ?? 0,
    descriptors: (wire.descriptors ?? []).map(({ entries = [], hitsAddend }) => ({
      entries: entries.map(({ key = '', value = '' }) => ({ key, value })),
      ...(hitsAddend && { hitsAddend: Math.min(Number(hitsAddend.value ?? 0), Number.MAX_SAFE_INTEGER) }),
    })),
  }
}

function loadMethod(): MethodDefinition<WireRequest, WireResponse> {
  const loaded = loadSync('envoy/service/ratelimit/v3/rls.proto', {
    includeDirs: [protoFolder],
    enums: String,
    longs: String,
  })
  const service = loaded['envoy.service.ratelimit.v3.RateLimitService']
  return (service as Readonly<Record<string, unknown>>)['ShouldRateLimit'] as MethodDefinition<
    WireRequest,
    WireResponse
  >
}
