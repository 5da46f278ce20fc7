import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { type ChannelCredentials, Client, credentials, Metadata } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Method } from '../../src/grpc/methods.ts'
import { createGrpcServer, type GrpcServer, type ListenTls } from '../../src/grpc/server.ts'
import { type Observer, silentObserver } from '../../src/telemetry/observer.ts'
import { gate } from '../rpc/support/wire-server.ts'
import { type Authority, type Certificate, createAuthority, read } from '../support/certificates.ts'

const path = '/test.Echo/Say'
const same = (bytes: Buffer): Buffer => bytes
const unavailable = 14

let folder = ''
let authority: Authority
let stranger: Authority
let serverFiles: Certificate
let clientFiles: Certificate
const closers: (() => void)[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
  authority = createAuthority(folder)
  stranger = createAuthority(folder, 'Somebody else')
  serverFiles = authority.issue({ name: 'tollgate' })
  clientFiles = authority.issue({ name: 'envoy', alsoNamed: 'DNS:Envoy.mesh.example,URI:spiffe://mesh/envoy' })
})
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close()
})
afterAll(() => rmSync(folder, { recursive: true }))

type Unary = Extract<Method, { kind: 'unary' }>
const echo = async (bytes: Buffer): Promise<Buffer> => bytes

interface ServedTls {
  readonly server: GrpcServer
  readonly address: string
  readonly counts: string[]
  readonly warnings: Set<string>
  readonly gauges: Map<string, number>
}

async function serve({
  answer = echo,
  ...tls
}: Partial<ListenTls> & Partial<Pick<Unary, 'answer'>> = {}): Promise<ServedTls> {
  const counts: string[] = []
  const gauges = new Map<string, number>()
  const observer: Observer = {
    ...silentObserver,
    count: (metric, labels = {}) => void counts.push([metric, ...Object.values(labels)].join(' ')),
    set: (metric, value) => void gauges.set(metric, value),
  }
  const warnings = new Set<string>()
  const given: ListenTls = { files: serverFiles, clientNames: [], everyMs: 20, warnings, nowMs: Date.now, ...tls }
  const server = await createGrpcServer({
    methods: [{ kind: 'unary', path, answer }],
    listen: { tcp: { host: '127.0.0.1', port: 0, tls: given } },
    observer,
  })
  closers.push(() => server.close())
  return { server, address: server.addresses[0] ?? '', counts, warnings, gauges }
}

interface Caller {
  /** What came back, or the code of the gRPC error. */
  say(text: string): Promise<string | number>
}

function caller(address: string, channel: ChannelCredentials): Caller {
  // grpc-js cannot ask for an IP address by name (1.14).
  const named = { 'grpc.ssl_target_name_override': 'localhost', 'grpc.default_authority': 'localhost' }
  const client = new Client(address, channel, { 'grpc.use_local_subchannel_pool': 1, ...named })
  closers.push(() => client.close())
  return {
    say: (text) =>
      new Promise((resolve) => {
        const deadline = Date.now() + 5_000
        client.makeUnaryRequest(path, same, same, Buffer.from(text), new Metadata(), { deadline }, (error, reply) =>
          resolve(reply?.toString() ?? error?.code ?? -1),
        )
      }),
  }
}

const trusting = (own?: Certificate, by: Authority = authority): ChannelCredentials => {
  const shown = own && read(own)
  return credentials.createSsl(read(by).cert, shown?.key ?? null, shown?.cert ?? null)
}

/** The common name that the server's certificate shows. */
function shownName(address: string): Promise<string> {
  const [host = '', port] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), ca: read(authority).cert, ALPNProtocols: ['h2'] }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

describe('TLS', () => {
  test('serves who trusts the authority, and nobody in plain text', async () => {
    const { address, counts, gauges } = await serve()
    expect(await caller(address, trusting()).say('hello')).toBe('hello')
    expect(await caller(address, credentials.createInsecure()).say('hello')).toBe(unavailable)
    expect(await caller(address, trusting(undefined, stranger)).say('hello')).toBe(unavailable)
    expect(counts).toContain('tls_refusals_total handshake')
    expect(gauges.get('tls_certificate_not_after_seconds')).toBeGreaterThan(Date.now() / 1_000)
  })

  test('drains without cutting a call', async () => {
    const { opened: released, open: release } = gate()
    const { opened: arrived, open: arrive } = gate()
    const { server, address } = await serve({
      async answer(bytes) {
        arrive()
        await released
        return bytes
      },
    })
    const inFlight = caller(address, trusting()).say('in flight')
    await arrived
    const drained = server.drain({ graceMs: 0, forceMs: 60_000 })
    expect(await caller(address, trusting()).say('too late')).toBe(unavailable)
    release()
    expect(await inFlight).toBe('in flight')
    await drained
  })

  test('a taken port is named', async () => {
    const { address } = await serve()
    const port = Number(address.split(':')[1])
    const tls = { files: serverFiles, clientNames: [], warnings: new Set<string>(), nowMs: Date.now }
    const listen = { tcp: { host: '127.0.0.1', port, tls } }
    await expect(createGrpcServer({ methods: [], listen, observer: silentObserver })).rejects.toMatchObject({
      code: 'already_running',
      message: `Another process listens on 127.0.0.1:${port}`,
    })
  })
})

describe('mTLS', () => {
  test('serves who shows a certificate of the authority, and nobody else', async () => {
    const { address, counts } = await serve({ files: { ...serverFiles, clientCa: authority.cert } })
    expect(await caller(address, trusting(clientFiles)).say('hello')).toBe('hello')
    expect(await caller(address, trusting()).say('no certificate')).toBe(unavailable)
    expect(await caller(address, trusting(stranger.issue({ name: 'envoy' }))).say('wrong one')).toBe(unavailable)
    const expired = authority.issue({ name: 'envoy', isExpired: true })
    expect(await caller(address, trusting(expired)).say('expired')).toBe(unavailable)
    expect(counts.filter((count) => count === 'tls_refusals_total handshake').length).toBeGreaterThanOrEqual(3)
  })

  test.each([
    ['a DNS name, in any case', ['other', 'envoy.MESH.example']],
    ['a URI', ['spiffe://mesh/envoy']],
  ])('lets in who has %s of those accepted', async (_, clientNames) => {
    const { address } = await serve({ files: { ...serverFiles, clientCa: authority.cert }, clientNames })
    expect(await caller(address, trusting(clientFiles)).say('hello')).toBe('hello')
  })

  test('refuses who has none of them, also when the common name would do beside alternative names', async () => {
    const { address, counts } = await serve({
      files: { ...serverFiles, clientCa: authority.cert },
      clientNames: ['envoy', 'mesh.example', 'spiffe://mesh'],
    })
    expect(await caller(address, trusting(clientFiles)).say('hello')).toBe(unavailable)
    expect(counts).toContain('tls_refusals_total name')
    const byCommonName = authority.issue({ name: 'envoy', alsoNamed: '' })
    expect(await caller(address, trusting(byCommonName)).say('hello')).toBe('hello')
  })
})

describe('replaced files', () => {
  /** A folder as a kubelet mounts one: the files are links through `..data`, which is turned over at once. */
  function mounted(first: Certificate) {
    const mount = mkdtempSync(join(folder, 'mount-'))
    let turns = 0
    const turnTo = ({ cert, key }: Certificate): void => {
      turns += 1
      mkdirSync(join(mount, `..${turns}`))
      copyFileSync(cert, join(mount, `..${turns}`, 'tls.crt'))
      copyFileSync(key, join(mount, `..${turns}`, 'tls.key'))
      symlinkSync(`..${turns}`, join(mount, '..next'))
      renameSync(join(mount, '..next'), join(mount, '..data'))
    }
    turnTo(first)
    const files = { cert: join(mount, 'tls.crt'), key: join(mount, 'tls.key') }
    symlinkSync('..data/tls.crt', files.cert)
    symlinkSync('..data/tls.key', files.key)
    return { files, turnTo }
  }

  test('are taken for new connections, through a symbolic link turned over, and running ones go on', async () => {
    const { files, turnTo } = mounted(serverFiles)
    const { address, counts } = await serve({ files })
    const running = caller(address, trusting())
    expect(await running.say('before')).toBe('before')
    expect(await shownName(address)).toBe('tollgate')
    turnTo(authority.issue({ name: 'renewed' }))
    await expect.poll(() => shownName(address), { timeout: 5_000 }).toBe('renewed')
    expect(await running.say('still here')).toBe('still here')
    expect(counts.filter((count) => count.startsWith('tls_reloads_total'))).toEqual(['tls_reloads_total taken'])
  })

  test('of the authority of clients are taken too', async () => {
    const clientCa = join(folder, 'replaced-ca.pem')
    copyFileSync(authority.cert, clientCa)
    const { address, counts } = await serve({ files: { ...serverFiles, clientCa } })
    expect(await caller(address, trusting(clientFiles)).say('hello')).toBe('hello')
    copyFileSync(stranger.cert, clientCa)
    await expect.poll(() => counts, { timeout: 5_000 }).toContain('tls_reloads_total taken')
    expect(await caller(address, trusting(clientFiles)).say('hello')).toBe(unavailable)
    expect(await caller(address, trusting(stranger.issue({ name: 'envoy' }))).say('hello')).toBe('hello')
  })

  test.each<[string, (files: Certificate) => void, RegExp]>([
    ['is no certificate', ({ cert }) => writeFileSync(cert, 'x'), /TLS_CERT .* holds no certificate in PEM/],
    [
      'is cut',
      ({ cert }) => writeFileSync(cert, read(serverFiles).cert.subarray(0, 300)),
      /holds no certificate in PEM/,
    ],
    [
      'is of another key',
      ({ key }) => copyFileSync(clientFiles.key, key),
      /TLS_KEY .* does not belong to the certificate/,
    ],
    ['is gone', ({ key }) => rmSync(key), /TLS_KEY .* cannot be read: ENOENT/],
    [
      'has expired',
      ({ cert, key }) => {
        const expired = authority.issue({ name: 'old', isExpired: true })
        copyFileSync(expired.cert, cert)
        copyFileSync(expired.key, key)
      },
      /The new certificate has expired/,
    ],
  ])(
    'that are broken change nothing, and are told of until they are mended: one that %s',
    async (_, spoil, sentence) => {
      const own = mkdtempSync(join(folder, 'own-'))
      const files = { cert: join(own, 'c.pem'), key: join(own, 'k.pem') }
      const restore = (): void => {
        copyFileSync(serverFiles.cert, files.cert)
        copyFileSync(serverFiles.key, files.key)
      }
      restore()
      const { address, counts, warnings } = await serve({ files })
      spoil(files)
      await expect.poll(() => [...warnings].join(), { timeout: 5_000 }).toMatch(sentence)
      expect(counts).toContain('tls_reloads_total refused')
      expect(await shownName(address)).toBe('tollgate')
      expect(await caller(address, trusting()).say('hello')).toBe('hello')
      restore()
      await expect.poll(() => warnings.size, { timeout: 5_000 }).toBe(0)
    },
  )
})

describe('at the start', () => {
  test('broken files are a fault that names the setting and the file', async () => {
    const missing = join(folder, 'nowhere.pem')
    for (const [files, message] of [
      [{ ...serverFiles, cert: missing }, `TOLLGATE_GRPC_TLS_CERT ${missing} cannot be read: ENOENT`],
      [
        { ...serverFiles, key: clientFiles.key },
        `TOLLGATE_GRPC_TLS_KEY ${clientFiles.key} does not belong to the certificate in ${serverFiles.cert}`,
      ],
      [
        { ...serverFiles, key: serverFiles.cert },
        `TOLLGATE_GRPC_TLS_KEY ${serverFiles.cert} holds no private key in PEM without a passphrase`,
      ],
      [
        { ...serverFiles, clientCa: serverFiles.key },
        `TOLLGATE_GRPC_CLIENT_CA ${serverFiles.key} holds no certificate in PEM`,
      ],
    ] as const) {
      await expect(serve({ files })).rejects.toMatchObject({ code: 'settings_invalid', message })
    }
  })

  test('an expired certificate is served and told of: the socket beside it must go on', async () => {
    const { warnings } = await serve({ files: authority.issue({ name: 'old', isExpired: true }) })
    expect([...warnings]).toEqual(['The certificate in TOLLGATE_GRPC_TLS_CERT has expired'])
  })
})
