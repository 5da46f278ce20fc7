import type { IncomingMessage } from 'node:http'

/** A request as an upstream received it. */
export interface ReceivedRequest {
  readonly method: string
  readonly url: string
  /** Names and values in turn, as they arrived, duplicates kept. */
  readonly rawHeaders: readonly string[]
}

export interface RequestLog {
  note(request: IncomingMessage): void
  /** Oldest first; only the newest are kept. */
  all(): readonly ReceivedRequest[]
}

const KEPT_MAX = 10_000

export function createRequestLog(): RequestLog {
  const requests: ReceivedRequest[] = []
  return {
    note: (request) => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', rawHeaders: request.rawHeaders })
      if (requests.length > KEPT_MAX) requests.shift()
    },
    all: () => [...requests],
  }
}
