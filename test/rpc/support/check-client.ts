import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { type CheckAsk, checkFrame, checkMessages } from './check-frame.ts'

/** A CheckResponse as Envoy would act on it. */
export interface CheckAnswer {
  readonly allowed: boolean
  /** HTTP status of a denial; 0 when allowed. */
  readonly status: number
  /** google.rpc code: 0 lets the request through. */
  readonly code: number
  /** Headers of a denial, or those added to the answer of an allowed request; name and value in order. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly upstreamHeaders: Readonly<Record<string, string>>
  readonly removed: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
}

export interface CheckClient {
  check(ask?: CheckAsk): Promise<CheckAnswer>
  /** Sends these bytes as the request, whatever they are. Rejects with the gRPC error when there is one. */
  checkBytes(frame: Buffer): Promise<CheckAnswer>
  /** Sends and leaves without its answer as soon as `when` resolves; resolves when the client side has ended. */
  checkAndLeave(ask: CheckAsk, when: Promise<unknown>): Promise<void>
  close(): void
}

const path = '/envoy.service.auth.v3.Authorization/Check'
const same = (bytes: Buffer): Buffer => bytes

/** A client on its own connection; `address` as gRPC writes it (`unix:/…`, `127.0.0.1:9000`), `timeoutMs` as Envoy's ext_authz timeout. */
export function createCheckClient(
  address: string,
  { timeoutMs = 250 }: { readonly timeoutMs?: number } = {},
): CheckClient {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  const send = (frame: Buffer, done: (error: Error | null, reply?: Buffer) => void) =>
    client.makeUnaryRequest(path, same, same, frame, new Metadata(), { deadline: Date.now() + timeoutMs }, done)
  const checkBytes = (frame: Buffer): Promise<CheckAnswer> =>
    new Promise((resolve, reject) => {
      send(frame, (error, reply) => (error || !reply ? reject(error) : resolve(readCheckAnswer(reply))))
    })
  return {
    checkBytes,
    check: (ask = {}) => checkBytes(checkFrame(ask)),
    checkAndLeave: (ask, when) =>
      new Promise((resolve) => {
        const call = send(checkFrame(ask), () => resolve())
        when.then(
          () => call.cancel(),
          () => call.cancel(),
        )
      }),
    close: () => client.close(),
  }
}

interface WireOption {
  readonly header?: { readonly key?: string; readonly value?: string }
}
interface WireAnswer {
  readonly status?: { readonly code?: number }
  readonly deniedResponse?: {
    readonly status?: { readonly code?: number }
    readonly headers?: WireOption[]
    readonly body?: string
  }
  readonly okResponse?: {
    readonly headers?: WireOption[]
    readonly headersToRemove?: string[]
    readonly responseHeadersToAdd?: WireOption[]
  }
  readonly dynamicMetadata?: { readonly fields?: Readonly<Record<string, { readonly stringValue?: string }>> }
}

/** Reads an encoded CheckResponse with proto-loader. */
export function readCheckAnswer(bytes: Buffer): CheckAnswer {
  const wire = checkMessages.decodeResponse(bytes) as WireAnswer
  const code = wire.status?.code ?? 0
  const { deniedResponse: denied, okResponse: ok } = wire
  return {
    allowed: code === 0,
    code,
    status: denied?.status?.code ?? 0,
    headers: pairs(denied?.headers ?? ok?.responseHeadersToAdd),
    body: denied?.body ?? '',
    upstreamHeaders: Object.fromEntries(pairs(ok?.headers)),
    removed: ok?.headersToRemove ?? [],
    metadata: Object.fromEntries(
      Object.entries(wire.dynamicMetadata?.fields ?? {}).map(([key, value]) => [
        key,
        value.stringValue ?? 'not a string',
      ]),
    ),
  }
}

function pairs(options: readonly WireOption[] = []): readonly (readonly [string, string])[] {
  return options.map(({ header }) => [header?.key ?? '', header?.value ?? ''] as const)
}
