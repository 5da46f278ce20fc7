import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createTlsWire } from '../rpc/support/tls-wire.ts'
import { type Certificate, read } from '../support/certificates.ts'

const { folder, authority, stranger, serverFiles, clientFiles, serve, caller, trusting, shownName } = createTlsWire()
const unavailable = 14

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

  test('that are replaced one after the other are taken when both are there, and not refused in between', async () => {
    const own = mkdtempSync(join(folder, 'slow-'))
    const files = { cert: join(own, 'c.pem'), key: join(own, 'k.pem') }
    const [first, next] = [serverFiles, authority.issue({ name: 'renewed' })]
    copyFileSync(first.cert, files.cert)
    copyFileSync(first.key, files.key)
    const steps = [() => undefined, () => copyFileSync(next.cert, files.cert), () => copyFileSync(next.key, files.key)]
    // Each look ends by telling when the certificate expires.
    const { address, counts } = await serve({ files, onLook: () => steps.shift()?.() })
    await expect.poll(() => shownName(address), { timeout: 5_000 }).toBe('renewed')
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
