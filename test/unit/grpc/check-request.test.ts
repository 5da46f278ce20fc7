import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeCheckRequest, readHeaders } from '../../../src/grpc/check-request.ts'
import { WireWriter } from '../../../src/grpc/wire-writer.ts'
import { checkFrame, checkMessages, checkRequestOf } from '../../rpc/support/check-frame.ts'

const httpOnly = (http: object, rest: object = {}): Buffer =>
  checkMessages.encodeRequest({ attributes: { request: { http }, ...rest } })

function factsOf(frame: Buffer) {
  const decoded = decodeCheckRequest(frame)
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.facts
}

/** attributes(1) { request(4) { http(2) { …content } } }, content written by hand. */
function rawHttp(content: Buffer): Buffer {
  const writer = new WireWriter()
  writer.reset()
  writer.raw(content)
  writer.message(2, 0)
  writer.message(4, 0)
  writer.message(1, 0)
  return writer.finish()
}

describe('decodeCheckRequest() reads', () => {
  test('what Envoy sends', () => {
    const facts = factsOf(
      checkFrame({
        token: 'secret',
        host: 'PyPI.Example:8080',
        address: '203.0.113.9',
        extensions: { upstream: 'pypi', policy: 'x' },
      }),
    )
    expect(facts).toMatchObject({
      method: 'GET',
      host: 'pypi.example',
      target: '/simple/demo-package/',
      address: '203.0.113.9',
      requestId: '5b2f6a0e-7f0e-4c59-9f0a-1f8a9f2f4c11',
      upstream: 'pypi',
    })
    expect(facts.headers.get('authorization')).toBe('Bearer secret')
    expect(facts.headers.get('user-agent')).toMatch(/^uv\//)
  })

  test('no upstream where the route names none', () => {
    expect(factsOf(checkFrame())).not.toHaveProperty('upstream')
  })

  test('whether the route wants the limits told, and only its own word for it', () => {
    expect(factsOf(checkFrame({ extensions: { limits: 'metadata' } })).tellsLimits).toBe(true)
    for (const extensions of [{}, { limits: '' }, { limits: 'headers' }, { upstream: 'metadata' }])
      expect(factsOf(checkFrame({ extensions }))).not.toHaveProperty('tellsLimits')
    expect(factsOf(checkFrame({ headers: { limits: 'metadata' } }))).not.toHaveProperty('tellsLimits')
  })

  test('the raw header form: repeated names joined, in order, bytes that are not UTF-8 replaced', () => {
    const headers = [
      { key: 'Authorization', rawValue: Buffer.from('Basic dTpw') },
      { key: 'authorization', rawValue: Buffer.from('Bearer x') },
      { key: 'User-Agent', rawValue: Buffer.from([0x61, 0xff]) },
    ]
    const facts = factsOf(httpOnly({ method: 'GET', path: '/', headerMap: { headers } }))
    expect(facts.headers.get('authorization')).toBe('Basic dTpw,Bearer x')
    expect(facts.headers.get('user-agent')).toBe('a\ufffd')
  })

  test('the last of two map entries with one key, and merges a message that comes twice', () => {
    const first = checkFrame({ headers: { 'if-none-match': 'first' } })
    const second = httpOnly({ headers: { 'if-none-match': 'second' } })
    const facts = factsOf(Buffer.concat([first, second]))
    expect(facts.headers.get('if-none-match')).toBe('second')
    expect(facts.method).toBe('GET')
  })

  test('a CONNECT with its empty path', () => {
    expect(factsOf(httpOnly({ method: 'CONNECT', host: 'a:443' }))).toMatchObject({
      method: 'CONNECT',
      target: '',
      host: 'a',
    })
  })

  test('past a negative size, a long body, certificates and fields it does not know', () => {
    const http = { method: 'GET', path: '/', size: '-1', body: 'x'.repeat(300_000), rawBody: Buffer.alloc(9) }
    const source = { certificate: 'pem', labels: { a: 'b' } }
    const unknown = Buffer.from([
      0xfa, 0x01, 0x02, 0x08, 0x01, 0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0x01, 1, 2, 3, 4,
    ])
    expect(factsOf(Buffer.concat([unknown, httpOnly(http, { source })]))).toMatchObject({ method: 'GET', target: '/' })
  })
})

describe('decodeCheckRequest() keeps', () => {
  test('every header that is read anywhere', () => {
    const files = globSync('src/{core,check,grpc}/*.ts').map((file) => readFileSync(file, 'utf8'))
    const read = files.flatMap((text) =>
      [...text.matchAll(/headers\.(?:get|has)\('([^']+)'\)/g)].map(([, name]) => name),
    )
    expect(new Set(read)).toEqual(new Set(readHeaders))
  })

  test('each of them, in any case, and no name beside them', () => {
    for (const name of readHeaders) {
      for (const key of [name, name.toUpperCase()]) {
        const frame = httpOnly({ method: 'GET', path: '/', headers: { [key]: 'here', [`${name}s`]: 'not' } })
        expect([...factsOf(frame).headers]).toEqual([[name, 'here']])
      }
      const odd = name.replace('-', '\r').replace(/^./, (letter) => String.fromCharCode(letter.charCodeAt(0) ^ 0x40))
      expect(factsOf(httpOnly({ method: 'GET', path: '/', headers: { [odd]: 'x' } })).headers.size).toBe(0)
    }
  })

  test('a value that stands before its key', () => {
    const entry = Buffer.from('\x12\x01v\x0a\x06origin', 'latin1')
    const http = Buffer.concat([Buffer.from('\x12\x03GET\x22\x01/\x1a', 'latin1'), Buffer.of(entry.length), entry])
    expect([...factsOf(rawHttp(http)).headers]).toEqual([['origin', 'v']])
  })
})

describe('decodeCheckRequest() names the host', () => {
  test.each([
    ['a.example:443', 'a.example'],
    ['A_b.example', 'a_b.example'],
    ['[2001:DB8::1]:80', '[2001:db8::1]'],
    ['a.example,b.example', ''],
    ['', ''],
    ['a b', ''],
    ['a/b', ''],
    ['a@b', ''],
    ['x'.repeat(256), ''],
  ])('%j as %j', (host, named) => {
    expect(factsOf(httpOnly({ method: 'GET', path: '/', host })).host).toBe(named)
  })
})

describe('decodeCheckRequest() names the caller', () => {
  const from = (external: string | undefined, peer: string): string =>
    factsOf(
      httpOnly(
        { method: 'GET', path: '/', headers: external === undefined ? {} : { 'x-envoy-external-address': external } },
        { source: { address: { socketAddress: { address: peer } } } },
      ),
    ).address

  test.each([
    ['203.0.113.7', '10.0.0.1', '203.0.113.7'],
    [undefined, '10.0.0.1', '10.0.0.1'],
    ['203.0.113.7,10.1.1.1', '10.0.0.1', '10.0.0.1'],
    ['::ffff:203.0.113.7', '10.0.0.1', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '10.0.0.1', '2001:db8:1:2::/64'],
    ['nonsense', '', 'unknown'],
  ])('%j from %j as %j', (external, peer, named) => {
    expect(from(external, peer)).toBe(named)
  })

  test('as unknown behind a pipe', () => {
    const frame = httpOnly({ method: 'GET', path: '/' }, { source: { address: { pipe: { path: '/run/x' } } } })
    expect(factsOf(frame).address).toBe('unknown')
  })
})

describe('decodeCheckRequest() refuses', () => {
  const reasonOf = (frame: Buffer): string => {
    const decoded = decodeCheckRequest(frame)
    return decoded.ok ? 'ok' : decoded.reason
  }

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no attributes', checkMessages.encodeRequest({})],
    ['no request', checkMessages.encodeRequest({ attributes: {} })],
    ['no http', checkMessages.encodeRequest({ attributes: { request: {} } })],
    ['no method', httpOnly({ path: '/' })],
    ['no path', httpOnly({ method: 'GET' })],
    ['a method of another wire type', rawHttp(Buffer.from([0x10, 0x01, 0x22, 0x01, 0x2f]))],
  ])('%s as missing', (_, frame) => {
    expect(reasonOf(frame)).toBe('missing_attributes')
  })

  test.each([
    ['random text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a varint without end', Buffer.from([0x0a, 0x80])],
    ['a varint of 11 bytes', Buffer.alloc(11, 0x80)],
    ['a length past the end', Buffer.from([0x0a, 0x7f, 0x01])],
    ['a negative length', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])],
    ['an inner length past its outer message', rawHttp(Buffer.from([0x12, 0x7f, 0x47]))],
    ['field number 0', Buffer.from([0x02, 0x00])],
    ['a group', Buffer.from([0x13, 0x14])],
    ['wire type 7', Buffer.from([0x17])],
    ['a cut frame', checkFrame().subarray(0, -300)],
  ])('%s as malformed', (_, frame) => {
    expect(reasonOf(frame)).toBe('malformed')
  })

  test('a path of 1 MB, 10,001 headers, headers of 2 MB', () => {
    expect(reasonOf(checkFrame({ path: `/${'a'.repeat(1_000_000)}` }))).toBe('too_large')
    const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`h${index}`, '']))
    expect(reasonOf(httpOnly({ method: 'GET', path: '/', headers: many }))).toBe('too_large')
    expect(reasonOf(checkFrame({ headers: { a: 'x'.repeat(2_000_000) } }))).toBe('too_large')
    const raw = Array.from({ length: 10_001 }, () => ({ key: 'a', rawValue: Buffer.alloc(0) }))
    expect(reasonOf(httpOnly({ method: 'GET', path: '/', headerMap: { headers: raw } }))).toBe('too_large')
  })

  test('a target that is not UTF-8', () => {
    expect(reasonOf(rawHttp(Buffer.from([0x12, 0x03, 0x47, 0x45, 0x54, 0x22, 0x02, 0x2f, 0xff])))).toBe('not_utf8')
  })

  test('but reads 10,000 headers', () => {
    const many = Object.fromEntries(Array.from({ length: 9_999 }, (_, index) => [`h${index}`, '']))
    const { headers } = factsOf(httpOnly({ method: 'GET', path: '/', headers: { ...many, origin: 'last' } }))
    expect([...headers]).toEqual([['origin', 'last']])
  })
})

test('a realistic frame is about as long as Envoy’s', () => {
  const { length } = checkMessages.encodeRequest(checkRequestOf({ token: `tg_${'a'.repeat(30)}_${'b'.repeat(6)}` }))
  expect(length).toBeGreaterThan(700)
  expect(length).toBeLessThan(840)
})
