import { constants } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Observer } from '../telemetry/observer.ts'
import { isNamed } from './client-names.ts'
import type { TlsMaterial } from './tls-files.ts'
import type { TlsKeeper } from './tls-keeper.ts'

export interface TlsListenerOptions {
  readonly host: string
  readonly port: number
  readonly keeper: TlsKeeper
  /** Names of which a client's certificate must prove one; none: any that its authority signed. */
  readonly clientNames: readonly string[]
  /** Takes each connection that has shown what it must. */
  readonly onConnection: (socket: TLSSocket) => void
  readonly observer: Observer
}

export interface TlsListener {
  readonly port: number
  /** Takes no further connections; those it has go on. */
  close(): void
}

const handshakeMsMax = 10_000
const connectionsMax = 10_000
const warnEveryMs = 10_000

/**
 * Listens for TLS (1.2 and later, HTTP/2 only); with authorities of clients in the material a client must show a certificate of theirs.
 * New connections get the certificate of the day, running ones go on. Sessions are not resumed, so every connection is checked.
 * Rejects with the system's error when the address cannot be listened on.
 */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { host, port, keeper, observer } = options
  const server = createServer({
    ...contextOf(keeper.current),
    requestCert: keeper.current.ca !== undefined,
    rejectUnauthorized: keeper.current.ca !== undefined,
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeMsMax,
    noDelay: true,
  })
  server.maxConnections = connectionsMax
  keeper.onTaken((material) => server.setSecureContext(contextOf(material)))
  const refuse = createRefusals(observer)
  server.on('tlsClientError', (error) => refuse('handshake', error.message))
  server.on('secureConnection', (socket) => admit(socket, options, refuse))
  await listen(server, { host, port })
  server.on('error', (error) => observer.warn('tls_listener_failed', { error }))
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() }
}

function contextOf({ cert, key, ca }: TlsMaterial) {
  const secureOptions = constants.SSL_OP_NO_TICKET
  return { cert, key, ...(ca && { ca }), minVersion: 'TLSv1.2' as const, secureOptions }
}

type Refuse = (why: 'handshake' | 'name', reason: string) => void

function admit(socket: TLSSocket, { clientNames, onConnection }: TlsListenerOptions, refuse: Refuse): void {
  // Until the transport has it; without a listener an error would end the process.
  socket.on('error', () => socket.destroy())
  if (clientNames.length > 0) {
    const certificate = socket.getPeerCertificate()
    if (!isNamed(certificate, clientNames)) {
      refuse('name', `${String(certificate.subject?.CN).slice(0, 100)} is not in TOLLGATE_GRPC_CLIENT_NAMES`)
      socket.destroy()
      return
    }
  }
  onConnection(socket)
}

/** Counts each and tells one in ten seconds: anybody can knock. */
function createRefusals(observer: Observer): Refuse {
  let toldMs = Number.NEGATIVE_INFINITY
  return (why, reason) => {
    observer.count('tls_refusals_total', { why })
    if (performance.now() - toldMs < warnEveryMs) return
    toldMs = performance.now()
    observer.warn('tls_client_refused', { why, reason: reason.slice(0, 300) })
  }
}

function listen(server: Server, address: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address.port, address.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
