import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import https from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { createPost } from '../../../src/notify/post.ts'
import { type AnsweringServer, type Reply, startAnswering } from '../../support/receivers/answering.ts'
import { certificate } from '../../support/receivers/certificate.ts'

const servers: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function answering(reply: Reply, listen: { host?: string; port?: number } = {}): Promise<AnsweringServer> {
  const server = await startAnswering(() => reply, listen)
  servers.push(server)
  return server
}

const local: LookupAddress = { address: '127.0.0.1', family: 4 }
const letter = (url: string) => ({ url, body: '{}', isPrivateTarget: true })

describe('createPost()', () => {
  test('dials the address that was checked, looks up once, and keeps the name in Host', async () => {
    const server = await answering({ status: 200, text: 'ok' })
    const asked: string[] = []
    const post = createPost({
      lookup: async (host) => {
        asked.push(host)
        return [local]
      },
    })
    const answer = await post(letter(`http://hooks.example:${server.port}/a?b=c`))
    expect(answer).toMatchObject({ kind: 'answered', status: 200, text: 'ok' })
    expect(asked).toEqual(['hooks.example'])
    expect(server.received).toMatchObject([
      {
        method: 'POST',
        path: '/a?b=c',
        text: '{}',
        headers: { host: `hooks.example:${server.port}`, 'content-type': 'application/json' },
      },
    ])
  })

  test('stays with the checked address when the name answers another one a moment later', async () => {
    const first = await answering({ status: 200, text: 'first' })
    const second = await answering({ status: 200, text: 'second' }, { host: '127.0.0.2', port: first.port })
    const turns = ['127.0.0.1', '127.0.0.2', '127.0.0.2']
    let asked = 0
    const post = createPost({ lookup: async () => [{ address: turns[asked++] ?? '127.0.0.2', family: 4 }] })
    expect(await post(letter(`http://rebound.example:${first.port}/`))).toMatchObject({ text: 'first' })
    expect([asked, first.received.length, second.received.length]).toEqual([1, 1, 0])
    // And no connection is kept that a later look-up would not have led to.
    expect(await post(letter(`http://rebound.example:${first.port}/`))).toMatchObject({ text: 'second' })
  })

  test.each([
    [[{ address: '127.0.0.1', family: 4 }]],
    [
      [
        { address: '8.8.8.8', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ],
    ],
    [[{ address: '::ffff:127.0.0.1', family: 6 }]],
    [[{ address: 'fe80::1%lo', family: 6 }]],
    [[{ address: '169.254.169.254', family: 4 }]],
  ])('dials nothing when one of the addresses of a public target is not public: %j', async (addresses) => {
    const server = await answering({ status: 200 })
    const post = createPost({ lookup: async () => addresses })
    const answer = await post({ url: `https://hooks.example:${server.port}/`, body: '{}', isPrivateTarget: false })
    expect(answer).toEqual({ kind: 'forbidden', why: expect.stringMatching(/not on the public Internet/) })
    expect(server.received).toEqual([])
  })

  test('never asks about a literal address, and dials no private one', async () => {
    const post = createPost({ lookup: () => Promise.reject(new Error('asked')) })
    expect(await post({ ...letter('https://127.0.0.1:8443/'), isPrivateTarget: false })).toMatchObject({
      kind: 'forbidden',
    })
    const server = await answering({ status: 200 })
    expect(await post(letter(server.url))).toMatchObject({ kind: 'answered' })
  })

  test('answers a redirect as it is and follows it nowhere', async () => {
    const inside = await answering({ status: 200, text: 'secret' })
    const server = await answering({ status: 307, headers: { location: inside.url } })
    expect(await createPost()(letter(server.url))).toMatchObject({ kind: 'answered', status: 307 })
    expect(inside.received).toEqual([])
  })

  test('reads at most 64 KiB of an endless answer', async () => {
    const server = await answering('endless')
    const answer = await createPost()(letter(server.url))
    expect(answer).toMatchObject({ kind: 'answered', status: 200 })
    expect(answer.kind === 'answered' && answer.text.length).toBe(65_536)
  })

  test.each<[Reply, RegExp]>([
    ['never', /in time/],
    ['drip', /in time/],
    ['reset', /broke off/],
    ['not-http', /HTTP/],
    [{ status: 200, headers: { 'x-long': 'a'.repeat(20_000) } }, /16 KiB/],
  ])('bounds a server that misbehaves: %j', async (reply, why) => {
    const server = await answering(reply)
    const answer = await createPost({ timeoutMs: 500 })(letter(server.url))
    expect(answer).toEqual({ kind: 'unreachable', why: expect.stringMatching(why) })
  })

  test('bounds a look-up that never ends, and names one that fails', async () => {
    const never = createPost({ lookup: () => new Promise(() => {}), timeoutMs: 100 })
    expect(await never(letter('http://slow.example/'))).toMatchObject({
      kind: 'unreachable',
      why: expect.stringMatching(/in time/),
    })
    const unknown = createPost({ lookup: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })) })
    expect(await unknown(letter('http://none.example/'))).toMatchObject({
      kind: 'unreachable',
      why: 'The host of the target is not known',
    })
    const empty = createPost({ lookup: async () => [] })
    expect(await empty(letter('http://none.example/'))).toMatchObject({ kind: 'unreachable' })
  })

  test('says that nobody listens', async () => {
    const server = await startAnswering(() => ({ status: 200 }))
    await server.close()
    expect(await createPost()(letter(server.url))).toEqual({
      kind: 'unreachable',
      why: 'The target refuses connections',
    })
  })

  /** Answers these bytes to whatever comes first, and closes. */
  async function saying(bytes: string): Promise<string> {
    const server = createServer((socket) => {
      socket.once('data', () => socket.end(bytes))
      socket.on('error', () => {})
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push({ close: () => new Promise((resolve) => server.close(() => resolve())) })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  test.each([
    ['HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n', 413, ''],
    ['HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', 200, 'ok'],
    [`HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(40_000)}`, 200, 'x'.repeat(40_000)],
  ])('takes an answer that comes early, bare, in two steps or ended by the connection', async (bytes, status, text) => {
    const answer = await createPost()({ ...letter(await saying(bytes)), body: 'x'.repeat(1_000) })
    expect(answer).toMatchObject({ kind: 'answered', status, text })
  })

  test.each([
    '',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  ])('does not take for an answer: %j', async (bytes) => {
    expect(await createPost()(letter(await saying(bytes)))).toMatchObject({ kind: 'unreachable' })
  })

  test.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', 200],
    ['HTTP/1.1 410 Gone\r\ncontent-length: 10\r\n\r\nhalf', 410],
  ])('takes the status of half an answer where it is enough: %j', async (bytes, status) => {
    const answer = await createPost()({ ...letter(await saying(bytes)), isStatusEnough: true })
    expect(answer).toMatchObject({ kind: 'answered', status, text: '' })
  })

  describe('over TLS', () => {
    const known = getCACertificates('default')
    afterEach(() => setDefaultCACertificates(known))

    async function secure(): Promise<{
      readonly port: number
      readonly names: string[]
      readonly hosts: (string | undefined)[]
    }> {
      const names: string[] = []
      const hosts: (string | undefined)[] = []
      const server = https.createServer({ ...certificate }, ({ headers, socket }, response) => {
        names.push(String((socket as TLSSocket).servername))
        hosts.push(headers.host)
        response.end('ok')
      })
      server.on('tlsClientError', () => {})
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      servers.push({ close: () => new Promise((resolve) => server.close(() => resolve())) })
      return { port: (server.address() as AddressInfo).port, names, hosts }
    }

    test('talks to a server whose certificate is for the name, at the address that was checked', async () => {
      setDefaultCACertificates([...known, certificate.cert])
      const { port, names, hosts } = await secure()
      const answer = await createPost({ lookup: async () => [local] })(letter(`https://hooks.example:${port}/`))
      expect(answer).toMatchObject({ kind: 'answered', status: 200, text: 'ok' })
      expect([names, hosts]).toEqual([['hooks.example'], [`hooks.example:${port}`]])
    })

    test('talks to none whose certificate is for another name, or that nobody vouches for', async () => {
      const { port, hosts } = await secure()
      const post = createPost({ lookup: async () => [local] })
      expect(await post(letter(`https://hooks.example:${port}/`))).toEqual({
        kind: 'unreachable',
        why: 'The target cannot be reached: DEPTH_ZERO_SELF_SIGNED_CERT',
      })
      setDefaultCACertificates([...known, certificate.cert])
      expect(await post(letter(`https://other.example:${port}/`))).toEqual({
        kind: 'unreachable',
        why: 'The target cannot be reached: ERR_TLS_CERT_ALTNAME_INVALID',
      })
      expect(await post(letter(`https://127.0.0.1:${port}/`))).toMatchObject({ kind: 'unreachable' })
      expect(hosts).toEqual([])
    })
  })
})
