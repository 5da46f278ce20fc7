import { once } from 'node:events'
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { releaseClosedStreams } from '../../../src/grpc/closed-streams.ts'

releaseClosedStreams()

let session: ClientHttp2Session
let stop: () => Promise<void>
/** What the server does with a stream. */
let serve: (stream: ServerHttp2Stream) => void

beforeEach(async () => {
  const server = createServer()
  server.on('stream', (stream) => serve(stream as ServerHttp2Stream))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  stop = async () => {
    session.destroy()
    server.close()
    await once(server, 'close')
  }
})

afterEach(() => stop())

/** The server's side of one request, and when it said that it is closed. */
function asked(): Promise<{ readonly stream: ServerHttp2Stream; readonly closed: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof asked>>>()
  serve = (stream) => {
    const closed = new Promise<void>((said) => stream.once('close', () => said()))
    stream.on('data', () => undefined).on('end', () => undefined)
    resolve({ stream, closed })
  }
  return promise
}

test('releaseClosedStreams() removes the listeners of a stream that was answered, after its close was told', async () => {
  const coming = asked()
  const request = session.request({ ':method': 'POST' }).end('asked')
  const { stream, closed } = await coming
  expect(stream.listenerCount('data')).toBe(1)
  stream.respond({ ':status': 200 }, { endStream: true })
  request.resume()
  await Promise.all([closed, once(request, 'close')])
  await turn()
  expect(['data', 'end', 'close'].map((event) => stream.listenerCount(event))).toEqual([0, 0, 0])
  expect(() => stream.emit('error', new Error('late'))).not.toThrow()
})

test('releaseClosedStreams() lets a stream that the client gave up say so first', async () => {
  const coming = asked()
  const request = session.request({ ':method': 'POST' })
  request.on('error', () => undefined)
  request.write('begun')
  const { stream, closed } = await coming
  request.close(8)
  await closed
  await turn()
  expect(stream.destroyed).toBe(true)
  expect(stream.listenerCount('data')).toBe(0)
})

test('releaseClosedStreams() leaves the listeners of a stream that is open', async () => {
  const coming = asked()
  const request = session.request({ ':method': 'POST' })
  const { stream } = await coming
  await turn()
  expect(stream.listenerCount('data')).toBe(1)
  stream.respond({ ':status': 200 }, { endStream: true })
  request.end()
  request.resume()
  await once(request, 'close')
})
