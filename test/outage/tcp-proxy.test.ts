import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listen } from '../../demo/listen.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

let echo: Server
let proxy: TcpProxy
let received: Buffer
const far = new Set<Socket>()

beforeEach(async () => {
  received = Buffer.alloc(0)
  echo = createServer((socket) => {
    far.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      socket.write(chunk)
    })
  })
  proxy = await startTcpProxy(await listen(echo))
})

afterEach(async () => {
  await proxy.stop()
  for (const socket of far) socket.destroy()
  far.clear()
  echo.close()
})

interface Caller {
  readonly socket: Socket
  /** Everything that came back. */
  text(): string
  /** The error that ended it. */
  readonly failed: Promise<NodeJS.ErrnoException>
}

async function call(): Promise<Caller> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port })
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const failed = once(socket, 'error').then(([error]) => error as NodeJS.ErrnoException)
  await once(socket, 'connect')
  return { socket, text: () => text, failed }
}

/** As many turns of the event loop as loopback needs, several times over. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('carries bytes both ways, much of them, and the end of a connection', async () => {
  const { socket, text } = await call()
  const much = 'x'.repeat(3_000_000)
  socket.write(much)
  await expect.poll(() => text().length).toBe(much.length)
  socket.end()
  for (const one of far) one.end()
  await once(socket, 'close')
  await expect.poll(() => proxy.connections()).toBe(0)
})

test('delay() makes everything late, in order', async () => {
  const { socket, text } = await call()
  proxy.delay(150)
  const startedMs = performance.now()
  socket.write('one ')
  await turns()
  socket.write('two')
  await expect.poll(text, { interval: 1 }).toBe('one two')
  // There and back.
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(299)
})

test('stall() accepts connections and swallows what is said, resume() delivers it', async () => {
  const old = await call()
  proxy.stall()
  old.socket.write('old')
  const fresh = await call()
  fresh.socket.write('fresh')
  await turns()
  expect([received.toString(), old.text(), fresh.text()]).toEqual(['', '', ''])
  proxy.resume()
  await expect.poll(() => [old.text(), fresh.text()]).toEqual(['old', 'fresh'])
})

test('a caller that leaves a stalled wire is not told to the far end before resume()', async () => {
  const { socket } = await call()
  await expect.poll(() => far.size).toBe(1)
  const [there] = far
  const ended = there && once(there, 'end')
  there?.resume()
  proxy.stall()
  socket.destroy()
  await turns()
  expect(there?.readableEnded).toBe(false)
  proxy.resume()
  await ended
})

test('reset() ends every connection by an error, and new ones work', async () => {
  const old = await call()
  await expect.poll(() => far.size).toBe(1)
  proxy.reset()
  expect((await old.failed).code).toBe('ECONNRESET')
  const { socket, text } = await call()
  socket.write('again')
  await expect.poll(text).toBe('again')
})

test('cutAfter() delivers exactly so many bytes of what the caller sends next, then resets that connection alone', async () => {
  const other = await call()
  other.socket.write('abc')
  await expect.poll(() => received.toString()).toBe('abc')
  const { socket, failed } = await call()
  proxy.cutAfter(5)
  socket.write('1234567890')
  await proxy.cut()
  expect((await failed).code).toBe('ECONNRESET')
  await expect.poll(() => received.toString()).toBe('abc12345')
  other.socket.write('def')
  await expect.poll(other.text).toBe('abcdef')
})

test('a far end that is not there resets the caller', async () => {
  await new Promise((resolve) => echo.close(resolve))
  const socket = connect({ host: '127.0.0.1', port: proxy.port })
  await once(socket, 'error')
  expect(socket.destroyed).toBe(true)
})
