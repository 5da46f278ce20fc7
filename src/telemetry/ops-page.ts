import type { IncomingMessage } from 'node:http'

/** Who asks, as far as it is known before the body is read. */
export interface OpsCaller {
  /** A process on this machine asks. */
  readonly isLocal: boolean
  /** A browser asks, so that a page of any site may stand behind it. */
  readonly isBrowser: boolean
}

export interface OpsReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A page of another room's, asked by POST. */
export interface OpsPage {
  /** What a caller is told whose body is not read; nothing: it is read. */
  readonly refusal: (caller: OpsCaller) => OpsReply | undefined
  readonly answer: (body: Buffer) => Promise<OpsReply>
}

// Not all of 127.0.0.0/8: a sidecar of a mesh hands on what comes from elsewhere as 127.0.0.6 (Istio's inbound passthrough).
const ownAddresses: ReadonlySet<string | undefined> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

/** Browsers send `Origin` with every POST, and `Sec-Fetch-Site` (Fetch Metadata) with every request; a page can leave out neither. */
export function callerOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): OpsCaller {
  return {
    isLocal: ownAddresses.has(socket.remoteAddress),
    isBrowser: headers.origin !== undefined || headers['sec-fetch-site'] !== undefined,
  }
}
