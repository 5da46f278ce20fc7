/** What Envoy logged about one request: once at its end, and from time to time while it runs. Numbers are cumulative; 0 where Envoy said nothing. */
export interface AccessLogEntry {
  /** Id of the Envoy that wrote it, from the first message of its stream; empty when that had none. */
  readonly node: string
  /** False: it carries nothing of ours, so no Check let it pass or refused it (no route, refused by Envoy itself, or let through in an outage). */
  readonly checked: boolean
  /** The signed text that our answer to the Check put into Envoy's dynamic metadata; absent where nothing was taken. */
  readonly ticket?: string
  readonly type: 'start' | 'periodic' | 'end'
  readonly requestId: string
  /** `GET`, `HEAD`, …; empty for one that Envoy has no number for. */
  readonly method: string
  readonly path: string
  /** 0 = no answer was begun. */
  readonly status: number
  /** Envoy's reason: `via_upstream`, `ext_authz_denied`, `downstream_remote_disconnect`, … */
  readonly details: string
  /** Bytes of body handed towards the client: too high for an aborted HTTP/2 download. */
  readonly bodyBytes: number
  /** Bytes put on the wire, headers and framing included. What was delivered is the smaller of the two. */
  readonly wireBytes: number
  /** Bytes of body that the client sent: what an upload is charged by. */
  readonly requestBodyBytes: number
  /** The answer broke off before it was complete: the client left, the upstream died, a timeout, a protocol error. */
  readonly aborted: boolean
  /** Whole milliseconds from start to end; 0 while it runs. */
  readonly durationMs: number
  /** Request header `range`; empty when absent. */
  readonly range: string
  /** Response header `content-length`; undefined when absent or no number. For a HEAD it is the file's. */
  readonly contentLengthBytes: number | undefined
  /** Response header `content-range`; empty when absent. */
  readonly contentRange: string
}
