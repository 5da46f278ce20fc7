/** What a handler may know about the call it answers. */
export interface Call {
  /** When the caller stops waiting: epoch ms of this machine's clock; Infinity when it did not say. */
  readonly deadlineMs: number
  /** When the caller gives up unless an answer has begun: Envoy's limit for one try. At most `deadlineMs`. */
  readonly headByMs: number
  /** Sends the head of the answer, so that the caller waits for the rest until `deadlineMs`. More than once is once. */
  startAnswer(): void
  /** Calls the listener once, if the caller leaves before it has its answer. */
  onLeft(listener: () => void): void
}

/** Many messages, one answer at the end. The next message is read when the last one has been taken. */
export interface ClientStream {
  /** Never rejects. */
  take(message: Buffer): Promise<void>
  /**
   * Called once, when what arrived was taken and the stream is over. `isWhole`: we ended it, and everything was taken; however else it ended,
   * messages may be lost.
   */
  end(how: { readonly isWhole: boolean }): Buffer
}

/**
 * A row of the table that a transport serves. It knows bytes only, so the transport can be exchanged, and a message that is not
 * understood is a case of the handler, never an error of the transport.
 */
export type Method =
  | {
      readonly kind: 'unary'
      readonly path: string
      /** Rejects only with `RpcError`; anything else is a defect, answered as `internal`. */
      answer(request: Buffer, call: Call): Promise<Buffer>
    }
  | { readonly kind: 'client-stream'; readonly path: string; open(): ClientStream }
  | {
      readonly kind: 'server-stream'
      readonly path: string
      /** Answers what to call when the stream is over. */
      open(request: Buffer, send: (message: Buffer) => void): () => void
    }

/** An answer that is a gRPC error, by its google.rpc code. Checks never use it: to Envoy an error is an outage. */
export class RpcError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'RpcError'
    this.code = code
  }
}
