import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { type ChannelCredentials, Client, credentials, Metadata } from '@grpc/grpc-js'
import { afterAll, afterEach } from 'vitest'
import type { Method } from '../../../src/grpc/methods.ts'
import { createGrpcServer, type GrpcServer, type ListenTls } from '../../../src/grpc/server.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { type Authority, type Certificate, createAuthority, read } from '../../support/certificates.ts'

const path = '/test.Echo/Say'
const same = (bytes: Buffer): Buffer => bytes
const echo = async (bytes: Buffer): Promise<Buffer> => bytes

type Unary = Extract<Method, { kind: 'unary' }>

interface ServedTls {
  readonly server: GrpcServer
  readonly address: string
  readonly counts: string[]
  readonly warnings: Set<string>
  readonly gauges: Map<string, number>
}

interface ServeTls extends Partial<ListenTls> {
  /** Answers what it is asked when absent. */
  readonly answer?: Unary['answer']
  /** Called at the end of each look at the files, and once before the first. */
  readonly onLook?: () => void
}

interface Caller {
  /** What came back, or the code of the gRPC error. */
  say(text: string): Promise<string | number>
}

export interface TlsWire {
  /** Of this file of tests; removed after it. */
  readonly folder: string
  readonly authority: Authority
  /** One that nobody trusts. */
  readonly stranger: Authority
  readonly serverFiles: Certificate
  /** Named `Envoy.mesh.example` and `spiffe://mesh/envoy`. */
  readonly clientFiles: Certificate
  /** Serves one method over TLS, looking at the files every 20 ms; closed after the test. */
  serve(given?: ServeTls): Promise<ServedTls>
  caller(address: string, channel: ChannelCredentials): Caller
  /** Credentials of a client that trusts the authority, and shows its own certificate when it is given one. */
  trusting(own?: Certificate, by?: Authority): ChannelCredentials
  /** The common name that the server's certificate shows now. */
  shownName(address: string): Promise<string>
}

export function createTlsWire(): TlsWire {
  const closers: (() => void)[] = []
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  const authority = createAuthority(folder)
  const serverFiles = authority.issue({ name: 'tollgate' })
  afterEach(() => {
    for (const close of closers.splice(0).reverse()) close()
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  return {
    ...{ folder, authority, serverFiles },
    stranger: createAuthority(folder, 'Somebody else'),
    clientFiles: authority.issue({ name: 'envoy', alsoNamed: ['DNS:Envoy.mesh.example', 'URI:spiffe://mesh/envoy'] }),
    async serve(given) {
      const served = await serve({ files: serverFiles, ...given })
      closers.push(() => served.server.close())
      return served
    },
    caller(address, channel) {
      const { client, say } = callerOf(address, channel)
      closers.push(() => client.close())
      return { say }
    },
    trusting(own, by = authority) {
      const shown = own && read(own)
      return credentials.createSsl(read(by).cert, shown?.key ?? null, shown?.cert ?? null)
    },
    shownName: (address) => shownName(address, authority),
  }
}

async function serve({
  onLook = () => undefined,
  answer = echo,
  ...tls
}: ServeTls & Pick<ListenTls, 'files'>): Promise<ServedTls> {
  const counts: string[] = []
  const gauges = new Map<string, number>()
  const observer: Observer = {
    ...silentObserver,
    count: (metric, labels = {}) => void counts.push([metric, ...Object.values(labels)].join(' ')),
    set(metric, value) {
      gauges.set(metric, value)
      onLook()
    },
  }
  const warnings = new Set<string>()
  const given: ListenTls = { clientNames: [], everyMs: 20, warnings, nowMs: Date.now, ...tls }
  const server = await createGrpcServer({
    methods: [{ kind: 'unary', path, answer }],
    listen: { tcp: { host: '127.0.0.1', port: 0, tls: given } },
    observer,
  })
  return { server, address: server.addresses[0] ?? '', counts, warnings, gauges }
}

function callerOf(address: string, channel: ChannelCredentials): Caller & { readonly client: Client } {
  // grpc-js cannot ask for an IP address by name (1.14).
  const named = { 'grpc.ssl_target_name_override': 'localhost', 'grpc.default_authority': 'localhost' }
  const client = new Client(address, channel, { 'grpc.use_local_subchannel_pool': 1, ...named })
  return {
    client,
    say: (text) =>
      new Promise((resolve) => {
        const deadline = Date.now() + 5_000
        client.makeUnaryRequest(path, same, same, Buffer.from(text), new Metadata(), { deadline }, (error, reply) =>
          resolve(reply?.toString() ?? error?.code ?? -1),
        )
      }),
  }
}

function shownName(address: string, authority: Authority): Promise<string> {
  const [host = '', port] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), ca: read(authority).cert, ALPNProtocols: ['h2'] }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
