import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { closeServer, listen } from './listen.ts'
import type { DemoUpstream } from './mirror.ts'
import { createRequestLog } from './request-log.ts'

const BODY_BYTES_MAX = 1_000_000

/**
 * Stands in for a GPU inference server on a free loopback port: `POST /v1/…` answers in the shape of OpenAI's chat
 * completions, `POST /restore` gives the posted picture back.
 */
export async function startGpu(): Promise<DemoUpstream> {
  const log = createRequestLog()
  const server = createServer((request, response) => {
    log.note(request)
    answer(request, response).catch(() => response.destroy())
  })
  const port = await listen(server)
  return { port, requests: log.all, stop: () => closeServer(server) }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
    response.writeHead(413, { connection: 'close' }).end()
    return
  }
  const body = await buffer(request)
  if (request.method === 'POST' && request.url === '/restore') {
    response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/octet-stream' }).end(body)
    return
  }
  if (request.method === 'POST' && request.url?.startsWith('/v1/')) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion))
    return
  }
  response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n')
}

const completion = {
  id: 'chatcmpl-demo',
  object: 'chat.completion',
  model: 'demo',
  choices: [{ index: 0, message: { role: 'assistant', content: 'A restored photograph.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 12, completion_tokens: 4, total_tokens: 16 },
}
