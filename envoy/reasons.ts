/**
 * Why Envoy's defaults do not do, by key; `writeYaml` puts each above the first place where its key stands. Every
 * sentence was seen with a real Envoy 1.40.
 */
export const reasons: Readonly<Record<string, string>> = {
  node: 'Reaches Tollgate in the first message of every access-log stream: give each Envoy its own id.',
  admin: 'Never expose this one: it can end Envoy (/quitquitquit) and drain its listeners.',
  per_connection_buffer_limit_bytes:
    'Bounds what Envoy buffers for a slow HTTP/1 reader, which is part of the over-count of a download left half way.',
  socket_options:
    'What waits unsent in the kernel when a reader leaves counts as sent. With this 1.4 MB too much instead of 4 to 7 (Linux, loopback); throughput is the same.',
  use_remote_address:
    "Overwrites x-envoy-external-address with the caller's address and drops forged x-envoy-* headers. Behind a load balancer add xff_num_trusted_hops: <trusted proxies in front>.",
  normalize_path: 'Tollgate and the upstream must see the same canonical path; this happens before routing and Check.',
  path_with_escaped_slashes_action: '%2F and %5C: 400 before Check. Package paths never need them.',
  http2_protocol_options:
    'The stream window is also the send buffer of a stream: by default a download left half way is over-counted by up to 16 MiB.',
  upgrade_configs: 'For GPU servers that speak WebSocket; leave it out if none does.',
  access_log_options:
    'Periodic entries with running totals: what a crash of Tollgate can lose is bounded. They also renew the slot of a running download, which Tollgate frees after 9 s without one: never above 3 s.',
  buffer_flush_interval: 'Default 1 s; what is buffered when Envoy exits is lost.',
  buffer_size_bytes: 'The default of 16 KiB is also where entries are dropped while the stream is down.',
  grpc_stream_retry_policy: 'Opens the stream again on another process when the first one is dead.',
  custom_tags: 'How long a Check took as Envoy saw it, in microseconds.',
  additional_response_headers_to_log: "Sizes of files are learnt from complete answers' content-length.",
  routes:
    'A request without a route is a 404 without Check: keep the catch-all last. `upstream` names a row of tollgate.upstream.',
  retry_policy:
    'timeout, above: the longest hold of a paced request and a second. Retried is only what cannot have reached Tollgate: nothing is charged twice. Without retry_back_off the first retry waits up to 1 s. Its max_interval also limits each try until the first byte of an answer. Tollgate sends the head of its answer when it holds a request, so a held one may take the whole timeout, while a process that hangs is found after max_interval. Keep that above TOLLGATE_CHECK_MS_MAX.',
  retry_host_predicate: 'Else LEAST_REQUEST likes the dead process, which is idle.',
  failure_mode_allow: 'Without an answer nobody passes …',
  status_on_error: '… and the caller gets 503, which installers retry; the default 403 looks like a denial.',
  validate_mutations: 'A malformed header of ours becomes a 500 and is never sent.',
  emit_filter_state_stats: 'Feeds custom_tags.',
  disallowed_headers: 'Not sent to Tollgate; the upstream still gets it.',
  clusters:
    'tollgate_als holds the never-ending access-log streams: in one cluster they would count as requests and send 4 of 5 Checks to one process.',
  lb_policy: 'Per RPC across the processes, one socket for each.',
  connection_keepalive: 'Finds a process that hangs.',
  circuit_breakers:
    'The default of 1,024 is less than Tollgate decides and holds. Beyond this (for each process TOLLGATE_IN_FLIGHT_MAX and TOLLGATE_HELD_MAX together and a quarter more, which is 5,000 by default) Envoy answers 503 by itself within milliseconds: what no process could answer in time does not reach one.',
  outlier_detection:
    'Ejects a dead or hung process after two failed connects or timeouts in a row, before the health check does. gRPC errors never eject.',
  no_traffic_interval: 'Defaults to 60 s, for which NOT_SERVING may go unseen.',
}

/** Of the rate limit filter, which stands in `envoy/tollgate-rate-limits.yaml` alone. */
export const rateLimitReasons: Readonly<Record<string, string>> = {
  rate_limits:
    'For every route. They stand here and not in the filter, because those of the filter would displace what a route has of its own.',
  descriptor_key:
    'The ticket that Check left is text, as this action needs; a client cannot write it. Without one this descriptor is left out.',
  apply_on_stream_done:
    'Asked when the stream is over: a download frees its slot of a concurrency limit within milliseconds, and not by the access log a quarter of a second later. It charges nothing.',
  vh_rate_limits: 'Else rate_limits that you add to a route would displace those of the virtual host.',
  failure_mode_deny:
    'Check is the gate. Without an answer in time the request passes, and Tollgate answers in time by the posture of each limit.',
  rate_limit_service:
    'timeout, above: the default of 20 ms is less than a busy moment of any machine. enable_x_ratelimit_headers stays off, because Tollgate sends its own and Envoy would write both.',
}

/** Of what only some upstreams have, so that it does not stand in `envoy/tollgate.yaml`. */
export const upstreamReasons: Readonly<Record<string, string>> = {
  host_rewrite_literal:
    'A server on the internet is known by its own name; one of your own keeps the name that the client asked for.',
  transport_socket: 'Without match_typed_subject_alt_names any certificate that an authority vouches for would do.',
}
