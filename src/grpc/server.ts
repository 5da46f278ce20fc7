import { resolve as absolute } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type handleUnaryCall, logVerbosity, Metadata, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createHealth } from './health.ts'
import { type Method, RpcError } from './methods.ts'
import { createOpenStreams, type OpenStreams } from './open-streams.ts'
import { clearSocket, withPrivateSocket } from './socket-file.ts'
import { createTlsKeeper, type TlsKeeperOptions } from './tls-keeper.ts'
import { listenTls } from './tls-listener.ts'

export interface Listen {
  /** A unix socket file: made with mode 0600, a dead process's file is replaced. */
  readonly socketPath?: string
  /** Port 0 takes a free one. Without `tls` plain text: loopback, or peers that are trusted for another reason. */
  readonly tcp?: { readonly host: string; readonly port: number; readonly tls?: ListenTls }
}

export interface ListenTls extends Omit<TlsKeeperOptions, 'observer'> {
  readonly clientNames: readonly string[]
}

export interface GrpcServerOptions {
  readonly methods: readonly Method[]
  readonly listen: Listen
  readonly observer: Observer
}

export interface GrpcServer {
  /** As a gRPC client writes them: `unix:/run/tollgate/0.sock`, `127.0.0.1:9000`. */
  readonly addresses: readonly string[]
  /** What `grpc.health.v1` answers; not serving until told. */
  setServing(isServing: boolean): void
  /**
   * Stops without losing a request: NOT_SERVING, `graceMs` for Envoy to see it (interval × unhealthy threshold), an answer on every open
   * log stream (Envoy opens the next one elsewhere), then calls in flight may end for `forceMs` (default 2,000). Always resolves.
   */
  drain(times: { readonly graceMs: number; readonly forceMs?: number }): Promise<void>
  /** Stops at once; calls in flight are cut. */
  close(): void
}

// Envoy can be told to accept 8 MiB of headers; a larger message would be a gRPC error before we see it.
const messageBytesMax = 16 * 1_048_576
const streamsPerConnectionMax = 10_000
const internal = 13
/** Over TCP the other side may vanish without a word: it is asked every so often, and cut when it does not answer. A socket file cannot be half open. */
const keepaliveMs = 5_000
const keepaliveAnswerMs = 5_000
/** How long a TCP connection may be dead before its streams count as broken. */
export const halfOpenMsMax = keepaliveMs + keepaliveAnswerMs

// grpc-js writes plain lines to stderr; what it would say reaches callers as faults and status codes.
setLogVerbosity(logVerbosity.NONE)

const same = (bytes: Buffer): Buffer => bytes
const noMetadata = new Metadata()

/**
 * Serves the table of methods and `grpc.health.v1` on grpc-js. Faults: `already_running` when an address is taken, `settings_invalid` when it
 * cannot be used.
 */
export async function createGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { methods, listen, observer } = options
  const health = createHealth(methods.map(({ path }) => path.split('/')[1] ?? ''))
  const streams = createOpenStreams()
  const server = new Server({
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_concurrent_streams': streamsPerConnectionMax,
    'grpc.enable_channelz': 0,
    ...(listen.tcp && { 'grpc.keepalive_time_ms': keepaliveMs, 'grpc.keepalive_timeout_ms': keepaliveAnswerMs }),
  })
  for (const method of [...methods, ...health.methods]) register({ server, streams, observer }, method)
  const bound = await bindAll(server, listen, observer)
  const { addresses } = bound
  let drained: Promise<void> | undefined
  return {
    addresses,
    setServing: (isServing) => health.setServing(isServing),
    drain({ graceMs, forceMs = 2_000 }) {
      health.setServing(false)
      drained ??= sleep(graceMs).then(() => {
        streams.endAll()
        return shutdown(server, bound, forceMs)
      })
      return drained
    },
    close() {
      cutAfter(server, bound, 0)
      server.forceShutdown()
    },
  }
}

interface Transport {
  readonly server: Server
  readonly streams: OpenStreams
  readonly observer: Observer
}

function register({ server, streams, observer }: Transport, method: Method): void {
  if (method.kind === 'unary') server.register(method.path, unary(method, observer), same, same, 'unary')
  else if (method.kind === 'client-stream')
    server.register(method.path, streams.clientStream(method), same, same, 'clientStream')
  else server.register(method.path, streams.serverStream(method), same, same, 'serverStream')
}

function unary(method: Extract<Method, { kind: 'unary' }>, observer: Observer): handleUnaryCall<Buffer, Buffer> {
  return (call, reply) => {
    let isAnswered = false
    const deadlineMs = Number(call.getDeadline())
    const answer = method.answer(call.request, {
      deadlineMs,
      headByMs: Math.min(deadlineMs, headByMs(call.metadata)),
      // grpc-js sends it once, however often it is told to.
      startAnswer: () => call.sendMetadata(noMetadata),
      onLeft(listener) {
        if (call.cancelled) listener()
        // grpc-js says `cancelled` on every call, right after its reply too (seen on 1.14).
        else call.once('cancelled', () => isAnswered || listener())
      },
    })
    answer.then(
      (bytes) => {
        isAnswered = true
        reply(null, bytes)
      },
      (error: unknown) => {
        isAnswered = true
        if (error instanceof RpcError) return reply({ code: error.code, details: error.message })
        observer.warn('rpc_failed', { path: method.path, error })
        reply({ code: internal, details: 'internal' })
      },
    )
  }
}

/** Envoy says the limit of one try in milliseconds (seen with 1.40); the call's own deadline is that of all tries. */
function headByMs(metadata: Metadata): number {
  const [text] = metadata.get('x-envoy-expected-rq-timeout-ms')
  const tryMs = Number(text)
  return tryMs > 0 ? Date.now() + tryMs : Number.POSITIVE_INFINITY
}

interface Bound {
  readonly addresses: readonly string[]
  /** Ends the listener of TLS, if there is one, and after that long its connections. */
  readonly endTls?: (cutMs: number) => void
}

async function bindAll(server: Server, { socketPath, tcp }: Listen, observer: Observer): Promise<Bound> {
  const addresses: string[] = []
  try {
    if (socketPath !== undefined) {
      const path = absolute(socketPath)
      await clearSocket(path)
      await withPrivateSocket(path, () => bind(server, `unix:${path}`))
      addresses.push(`unix:${path}`)
    }
    if (tcp === undefined) return { addresses }
    const host = tcp.host.includes(':') ? `[${tcp.host}]` : tcp.host
    if (tcp.tls === undefined)
      return { addresses: [...addresses, `${host}:${await bind(server, `${host}:${tcp.port}`)}`] }
    const { port, end } = await bindTls(server, { ...tcp, tls: tcp.tls }, observer)
    return { addresses: [...addresses, `${host}:${port}`], endTls: end }
  } catch (error) {
    server.forceShutdown()
    throw error
  }
}

/** The handshake is done before the transport sees the connection: grpc-js can neither check a client's name nor tell why it refused one (1.14). */
async function bindTls(
  server: Server,
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls: ListenTls },
  observer: Observer,
) {
  const keeper = await createTlsKeeper({ ...tls, observer })
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  try {
    const onConnection = (socket: Duplex): void => injector.injectConnection(socket)
    const listener = await listenTls({ host, port, keeper, clientNames: tls.clientNames, onConnection, observer })
    const end = (cutMs: number): void => {
      keeper.close()
      listener.close()
      injector.drain(cutMs)
    }
    return { port: listener.port, end }
  } catch (error) {
    keeper.close()
    throw cannotListen(`${host}:${port}`, error)
  }
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(cannotListen(address, error))
      else resolve(port)
    })
  })
}

function cannotListen(address: string, cause: unknown): Fault {
  const isTaken = cause instanceof Error && cause.message.includes('EADDRINUSE')
  const sentence = isTaken ? `Another process listens on ${address}` : `Cannot listen on ${address}`
  return new Fault(isTaken ? 'already_running' : 'settings_invalid', sentence, { cause })
}

/** A call that never ends keeps `tryShutdown` waiting for ever, so it gets `forceMs`. */
function shutdown(server: Server, bound: Bound, forceMs: number): Promise<void> {
  cutAfter(server, bound, forceMs)
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown()
      resolve()
    }, forceMs)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Connections that are still open then are cut. `forceShutdown` does not: without channelz it knows no connections (seen on 1.14). */
function cutAfter(server: Server, { addresses, endTls }: Bound, forceMs: number): void {
  endTls?.(forceMs)
  // One that is not bound by grpc-js, as that of TLS, it does not know and passes over.
  for (const address of addresses) server.drain(address, forceMs)
}
