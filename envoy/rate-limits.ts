import type { Config } from './config.ts'
import { retryPolicy } from './filters.ts'
import { seconds } from './times.ts'

const filterName = 'envoy.filters.http.ratelimit'
const TYPES = 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3'

/** Until Tollgate has said whether a request is inside the limits of its descriptors. */
const answerMsMax = 100

/** The ticket that Check signed, out of the metadata that no client can set. A request without one has no such descriptor. */
export const caller: Config = {
  metadata: {
    descriptor_key: 'rid',
    metadata_key: { key: 'envoy.filters.http.ext_authz', path: [{ key: 'ticket' }] },
    source: 'DYNAMIC',
  },
}

/** Asks Tollgate about the descriptors of each request that Check let pass: whoever is refused by Check never comes so far. */
export function rateLimitFilter(cluster: string, domain: string): Config {
  return {
    name: filterName,
    typed_config: {
      '@type': `${TYPES}.RateLimit`,
      domain,
      timeout: seconds(answerMsMax),
      failure_mode_deny: false,
      rate_limit_service: {
        transport_api_version: 'V3',
        grpc_service: { envoy_grpc: { cluster_name: cluster }, retry_policy: retryPolicy(answerMsMax) },
      },
    },
  }
}

/** Those of the virtual host count for a route that has rate limits of its own too. */
export const besideRouteRateLimits: Config = {
  [filterName]: { '@type': `${TYPES}.RateLimitPerRoute`, vh_rate_limits: 'INCLUDE' },
}

/** Descriptors of every request: who is calling, and, once its stream is over, whose slots are free. */
export const callerRateLimits: readonly Config[] = [{ actions: [caller] }, endOfStream([caller])]

/** Says of the descriptor of these actions that its stream is over. */
export function endOfStream(actions: readonly Config[]): Config {
  return {
    actions: [{ generic_key: { descriptor_key: 'stream_done', descriptor_value: 'yes' } }, ...actions],
    apply_on_stream_done: true,
  }
}
