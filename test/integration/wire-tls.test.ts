import { join } from 'node:path'
import { credentials } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { createGrpcServer } from '../../src/grpc/server.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createTlsWire } from '../rpc/support/tls-wire.ts'
import { gate } from '../rpc/support/wire-server.ts'

const { folder, authority, stranger, serverFiles, clientFiles, serve, caller, trusting } = createTlsWire()
const unavailable = 14

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
    const byCommonName = authority.issue({ name: 'envoy', alsoNamed: [] })
    expect(await caller(address, trusting(byCommonName)).say('hello')).toBe('hello')
  })
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
