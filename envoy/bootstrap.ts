import { tollgateCluster, upstreamCluster } from './clusters.ts'
import { type Config, type MeshUpstream, socketAddress, type TcpAddress } from './config.ts'
import { accessLog, authorizationFilter } from './filters.ts'
import { callerRateLimits, rateLimitFilter } from './rate-limits.ts'
import { virtualHosts } from './routes.ts'
import { logEveryMs, seconds } from './times.ts'

export interface MeshOptions {
  /** Names this Envoy among several; `edge-1` when absent. */
  readonly nodeId?: string
  readonly listener: TcpAddress
  /** Never reachable from outside: it can end Envoy. Left out here when absent. */
  readonly admin?: TcpAddress
  /** One unix socket per Tollgate process. */
  readonly tollgateSockets: readonly string[]
  readonly upstreams: readonly MeshUpstream[]
  /** Until Tollgate has answered, or has said that it holds the request: else Envoy answers 503. Above `TOLLGATE_CHECK_MS_MAX`. */
  readonly authorizeMsMax: number
  /** The longest `pace_ms_max` of any rate: how long Tollgate may hold a request. 3,000 when absent. */
  readonly holdMsMax?: number
  /** Calls under way at once to one Tollgate process; beyond, Envoy answers 503. 5,000 when absent. */
  readonly callsPerProcessMax?: number
  /** The `descriptor_domain` that limits of descriptors lie in. Absent: no rate limit filter. */
  readonly rateLimitDomain?: string
  /** Descriptors of every request, beside who is calling and when its stream is over. */
  readonly rateLimits?: readonly Config[]
}

/** As `pace_ms_max` of a rate on packages is by default. */
const holdMsMax = 3_000
/** For 2,000 Checks decided at once and 2,000 callers kept waiting, as it is by default, and those that are shed. */
const callsPerProcessMax = 5_000
/** What a hold may be late by on a busy machine. */
const holdSpareMs = 1_000

/** Name of the one listener, under which Envoy tells its real port. */
export const listenerName = 'ingress'

/**
 * Envoy's bootstrap for Tollgate: every request is asked about over ext_authz and reported over the gRPC access log.
 * Why a value is not Envoy's default is said in `envoy/reasons.ts`, and so in `envoy/tollgate.yaml`. Tried with Envoy 1.40.
 */
export function meshBootstrap(options: MeshOptions): Config {
  const sockets = options.tollgateSockets
  const callsMax = (options.callsPerProcessMax ?? callsPerProcessMax) * sockets.length
  return {
    node: { id: options.nodeId ?? 'edge-1', cluster: 'edge' },
    ...(options.admin === undefined ? {} : { admin: { address: socketAddress(options.admin) } }),
    static_resources: {
      listeners: [listener(options)],
      clusters: [
        tollgateCluster('tollgate', { sockets, callsMax, balancing: 'LEAST_REQUEST' }),
        tollgateCluster('tollgate_als', { sockets, callsMax, balancing: 'ROUND_ROBIN' }),
        ...options.upstreams.map(upstreamCluster),
      ],
    },
  }
}

function listener(options: MeshOptions): Config {
  return {
    name: listenerName,
    address: socketAddress(options.listener),
    per_connection_buffer_limit_bytes: 65_536,
    socket_options: [
      { description: 'TCP_NOTSENT_LOWAT', level: 6, name: 25, int_value: 131_072, state: 'STATE_PREBIND' },
    ],
    filter_chains: [
      {
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager(options) }],
      },
    ],
  }
}

function connectionManager(options: MeshOptions): Config {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: listenerName,
    use_remote_address: true,
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    http2_protocol_options: { initial_stream_window_size: 65_536, initial_connection_window_size: 1_048_576 },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    access_log_options: { access_log_flush_interval: seconds(logEveryMs) },
    access_log: [accessLog('tollgate_als')],
    route_config: {
      name: 'main',
      virtual_hosts: virtualHosts(options.upstreams, {
        ...(options.rateLimitDomain !== undefined && {
          rateLimits: [...callerRateLimits, ...(options.rateLimits ?? [])],
        }),
      }),
    },
    http_filters: [
      authorizationFilter('tollgate', {
        answerMsMax: options.authorizeMsMax,
        wholeMsMax: (options.holdMsMax ?? holdMsMax) + Math.max(holdSpareMs, options.authorizeMsMax),
      }),
      ...(options.rateLimitDomain === undefined ? [] : [rateLimitFilter('tollgate', options.rateLimitDomain)]),
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  }
}
