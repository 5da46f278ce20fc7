import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { closeServer, listen } from '../../../demo/listen.ts'

/** A server that makes up every file that is asked for; half of each comes at once and the rest later, so that downloads are under way. */
export interface Origin {
  readonly port: number
  stop(): Promise<void>
}

/** `NAME.b<bytes>.h<milliseconds of rest>` in a path. */
const wanted = /b(\d+)h(\d+)/
const drainMsMax = 30_000
const block = Buffer.alloc(65_536, 'tollgate ')

export async function startOrigin(): Promise<Origin> {
  const server = createServer((request, response) => void answer(request, response))
  server.keepAliveTimeout = 60_000
  const port = await listen(server)
  return { port, stop: () => closeServer(server) }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, bytes, restMs] = wanted.exec(request.url ?? '')?.map(Number) ?? []
  if (bytes === undefined || restMs === undefined) {
    response.writeHead(404, { 'content-length': 9 }).end('Not found')
    return
  }
  if (request.headers['if-none-match'] !== undefined) {
    await delay(restMs)
    response.writeHead(304).end()
    return
  }
  const range = /^bytes=0-(\d+)$/.exec(request.headers.range ?? '')
  const length = range === null ? bytes : Number(range[1]) + 1
  const headers = { 'content-length': length, ...(range && { 'content-range': `bytes 0-${length - 1}/${bytes}` }) }
  response.writeHead(range === null ? 200 : 206, headers)
  response.on('error', () => undefined)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const half = Math.floor(length / 2)
  try {
    await send(response, half)
    await delay(restMs)
    await send(response, length - half)
    response.end()
  } catch {
    // The client has left.
  }
}

async function send(response: ServerResponse, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= block.length) {
    if (response.destroyed) throw new Error('The client has left')
    if (!response.write(block.subarray(0, Math.min(left, block.length))))
      await once(response, 'drain', { signal: AbortSignal.timeout(drainMsMax) })
  }
}
