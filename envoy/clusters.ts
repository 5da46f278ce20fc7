import { isIP } from 'node:net'
import { type Config, type MeshUpstream, socketAddress } from './config.ts'

/** Ejects a process after two failed connects or timeouts in a row, before the health check notices. gRPC errors never eject. */
const OUTLIER_DETECTION: Config = {
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: 2,
  enforcing_consecutive_local_origin_failure: 100,
  enforcing_consecutive_5xx: 0,
  enforcing_consecutive_gateway_failure: 0,
  enforcing_success_rate: 0,
  enforcing_local_origin_success_rate: 0,
  base_ejection_time: '10s',
  interval: '1s',
  max_ejection_percent: 50,
}

const HEALTH_CHECK: Config = {
  timeout: '0.5s',
  interval: '1s',
  no_traffic_interval: '1s',
  unhealthy_threshold: 2,
  healthy_threshold: 1,
  grpc_health_check: {},
}

export interface TollgateCluster {
  readonly sockets: readonly string[]
  readonly balancing: string
  /** Under way at once, over all sockets. */
  readonly callsMax: number
}

/** Tollgate's processes over HTTP/2; the keepalive finds one that hangs. */
export function tollgateCluster(name: string, { sockets, balancing, callsMax }: TollgateCluster): Config {
  return {
    name,
    type: 'STATIC',
    lb_policy: balancing,
    connect_timeout: '0.25s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: '10s', timeout: '2s' } },
        },
      },
    },
    circuit_breakers: {
      thresholds: [{ max_requests: callsMax, max_pending_requests: callsMax, max_connections: 4_096 }],
    },
    outlier_detection: OUTLIER_DETECTION,
    health_checks: [HEALTH_CHECK],
    load_assignment: assignment(
      name,
      sockets.map((path) => ({ pipe: { path } })),
    ),
  }
}

/** The name of an upstream's cluster: no upstream can be called as one of Tollgate's own are. */
export function clusterOf(upstreamId: string): string {
  return `upstream_${upstreamId}`
}

export function upstreamCluster({ id, address, tls }: MeshUpstream): Config {
  const name = clusterOf(id)
  return {
    name,
    // Envoy asks DNS again by itself; an address needs none.
    type: isIP(address.host) === 0 ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: '1s',
    ...(tls && { transport_socket: upstreamTls(tls) }),
    load_assignment: assignment(name, [socketAddress(address)]),
  }
}

function upstreamTls({ name, authoritiesFile }: NonNullable<MeshUpstream['tls']>): Config {
  const isAddress = isIP(name) !== 0
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      ...(isAddress ? {} : { sni: name }),
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: authoritiesFile },
          match_typed_subject_alt_names: [{ san_type: isAddress ? 'IP_ADDRESS' : 'DNS', matcher: { exact: name } }],
        },
      },
    },
  }
}

function assignment(cluster: string, addresses: readonly Config[]): Config {
  return {
    cluster_name: cluster,
    endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address } })) }],
  }
}
