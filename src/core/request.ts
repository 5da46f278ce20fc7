/** What Envoy told about one request, checked and bounded at the border; every name lower case. */
export interface RequestFacts {
  readonly method: string
  /** Lower case, without port. Empty when it was missing or ambiguous. */
  readonly host: string
  /** The host as the client wrote it, lower case, with its port: for sentences only. Absent where `host` is empty. */
  readonly authority?: string
  /** The request target as the upstream will see it, query included. */
  readonly target: string
  /** Those that decisions read (`src/grpc/check-request.ts` lists them). */
  readonly headers: ReadonlyMap<string, string>
  /** `x-envoy-external-address`, else the peer; v4-mapped unmapped, IPv6 as its /64. `unknown` when there is none. */
  readonly address: string
  readonly requestId: string
  /** `context_extensions.upstream`: set by the route in Envoy, not forgeable. */
  readonly upstream?: string
  /** `context_extensions.limits` is `metadata`: Envoy is told the caller's limits of requests. */
  readonly tellsLimits?: true
}

export const requestKinds = [
  'root',
  'index',
  'metadata',
  'artifact',
  'upload',
  'landing',
  'status',
  'call',
  'other',
] as const
/** `landing` and `status` are our own pages; `call` is a request to a GPU upstream; `other` is anything a layout does not know. */
export type RequestKind = (typeof requestKinds)[number]

/** What a request asks for, read from its path by the upstream's layout. */
export interface ResourceRequest {
  readonly kind: RequestKind
  /** Package normalised by PEP 503, or a GPU model; empty when there is none. */
  readonly resource: string
  /** File name of an artifact or its metadata (without `.metadata`); empty otherwise. */
  readonly file: string
  /** Path under which our own pages live, without trailing slash: the index URL less its package segment and a last `simple` or `+simple`. */
  readonly indexRoot: string
  /** The decoded path without query: key of the size catalogue, one spelling per file. */
  readonly path: string
}
