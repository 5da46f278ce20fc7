import type { Config } from './config.ts'
import { logBufferMs, seconds } from './times.ts'

const TYPES = 'type.googleapis.com/envoy.extensions'

/**
 * Retries only what cannot have reached Tollgate, so nothing is charged twice, and never on the process that just failed. `max_interval` is
 * also the limit of each try, until the head of its answer is there: a frozen process is noticed after it, a held request is not cut by it.
 */
export function retryPolicy(tryMsMax: number): Config {
  return {
    retry_on: 'connect-failure,refused-stream',
    num_retries: 3,
    retry_back_off: { base_interval: '0.005s', max_interval: seconds(tryMsMax) },
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: { '@type': `${TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate` },
      },
    ],
    host_selection_retry_max_attempts: 5,
  }
}

export interface CheckTimes {
  /** Until the head of the answer. */
  readonly answerMsMax: number
  /** Until the answer, holds and retries included. */
  readonly wholeMsMax: number
}

/** Asks Tollgate about each request; without an answer in time the caller gets 503, which installers retry. */
export function authorizationFilter(cluster: string, { answerMsMax, wholeMsMax }: CheckTimes): Config {
  return {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': `${TYPES}.filters.http.ext_authz.v3.ExtAuthz`,
      transport_api_version: 'V3',
      grpc_service: {
        envoy_grpc: { cluster_name: cluster },
        timeout: seconds(wholeMsMax),
        retry_policy: retryPolicy(answerMsMax),
      },
      failure_mode_allow: false,
      status_on_error: { code: 'ServiceUnavailable' },
      validate_mutations: true,
      emit_filter_state_stats: true,
      disallowed_headers: { patterns: [{ exact: 'cookie' }] },
    },
  }
}

/** Names the upstream's row in `tollgate.upstream` to Tollgate; no client can forge it. */
export function nameUpstream(id: string): Config {
  return {
    'envoy.filters.http.ext_authz': {
      '@type': `${TYPES}.filters.http.ext_authz.v3.ExtAuthzPerRoute`,
      check_settings: { context_extensions: { upstream: id } },
    },
  }
}

/** Tells Tollgate what each request came to: status, bytes, and the ticket that Check left in its metadata. */
export function accessLog(cluster: string): Config {
  return {
    name: 'envoy.access_loggers.http_grpc',
    typed_config: {
      '@type': `${TYPES}.access_loggers.grpc.v3.HttpGrpcAccessLogConfig`,
      common_config: {
        log_name: 'usage',
        transport_api_version: 'V3',
        grpc_service: { envoy_grpc: { cluster_name: cluster } },
        buffer_flush_interval: seconds(logBufferMs),
        buffer_size_bytes: 1_048_576,
        grpc_stream_retry_policy: { num_retries: 3, retry_back_off: { base_interval: '0.01s', max_interval: '5s' } },
        custom_tags: [{ tag: 'authz_us', value: '%FILTER_STATE(envoy.filters.http.ext_authz:FIELD:latency_us)%' }],
      },
      additional_request_headers_to_log: ['range'],
      additional_response_headers_to_log: ['content-length', 'content-range'],
    },
  }
}
