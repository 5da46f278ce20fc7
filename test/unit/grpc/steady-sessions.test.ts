import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { steadySessions } from '../../../src/grpc/steady-sessions.ts'
import { StreamTable } from '../../../src/grpc/stream-table.ts'

steadySessions()

let server: Http2Server
let client: ClientHttp2Session
let served: ServerHttp2Session

beforeEach(async () => {
  server = createServer()
  server.on('session', (session) => {
    served = session
  })
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined)
    if (headers[':path'] !== '/wait') stream.resume().on('end', () => answer(stream, String(headers[':path'])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

afterEach(async () => {
  client.destroy()
  server.close()
  await once(server, 'close')
})

function answer(stream: ServerHttp2Stream, text: string): void {
  stream.respond({ ':status': 200 })
  stream.end(text)
}

async function asked(path: string): Promise<string> {
  const request = client.request({ ':method': 'POST', ':path': path })
  request.end('body')
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

function tableOf(session: ServerHttp2Session): unknown {
  const name = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state')
  const state = name && (session as unknown as Readonly<Record<symbol, { readonly streams: unknown }>>)[name]
  return state?.streams
}

test('steadySessions() gives a session of this Node its own table, and every stream is answered', async () => {
  const paths = Array.from({ length: 600 }, (_, nth) => `/${nth}`)
  expect(await Promise.all(paths.map(asked))).toEqual(paths)
  const table = tableOf(served)
  expect(table).toBeInstanceOf(StreamTable)
  expect(table).toHaveProperty('size', 0)
})

test('a session with that table closes in order once its last stream has ended', async () => {
  await asked('/first')
  const coming = once(server, 'stream')
  const last = asked('/wait')
  const [stream] = await coming
  const closed = once(served, 'close')
  served.close()
  answer(stream.resume(), 'late')
  expect(await last).toBe('late')
  await closed
})

test('a session with that table ends its open streams when it is destroyed', async () => {
  await asked('/first')
  const request = client.request({ ':method': 'POST', ':path': '/wait' })
  request.on('error', () => undefined)
  const [stream] = await once(server, 'stream')
  const ended = Promise.all([once(stream, 'close'), once(request, 'close')])
  served.destroy()
  await ended
  expect(stream.destroyed).toBe(true)
})
