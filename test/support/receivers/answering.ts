import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly atMs: number
}

/** How one request is answered: a status with text, or something that no decent server does. */
export type Reply =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly text?: string }
  | 'never'
  | 'reset'
  | 'endless'
  | 'half'
  | 'drip'
  | 'not-http'

export interface AnsweringServer {
  readonly url: string
  readonly port: number
  readonly received: readonly Received[]
  /** Waits until so many requests have come; at most 10 s. */
  countOf(count: number): Promise<readonly Received[]>
  close(): Promise<void>
}

const waitMsMax = 10_000

/** A local HTTP server that records what comes and answers as `reply` says. */
export async function startAnswering(
  reply: (received: Received) => Reply,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<AnsweringServer> {
  const received: Received[] = []
  const arrivals = new EventEmitter()
  const server = createServer((request, response) => {
    readText(request).then(
      (text) => {
        const one = {
          path: request.url ?? '',
          method: request.method ?? '',
          headers: request.headers,
          text,
          atMs: Date.now(),
        }
        received.push(one)
        answer(response, reply(one))
        arrivals.emit('arrival')
      },
      () => response.destroy(),
    )
  })
  server.listen(port, host)
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    received,
    countOf: async (count) => {
      const signal = AbortSignal.timeout(waitMsMax)
      while (received.length < count) await once(arrivals, 'arrival', { signal })
      return received
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

function answer(response: ServerResponse, reply: Reply): void {
  if (typeof reply === 'object') {
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(reply.text ?? '')
    return
  }
  misbehave[reply](response)
}

const misbehave: Readonly<Record<Extract<Reply, string>, (response: ServerResponse) => void>> = {
  never: () => {},
  reset: (response) => response.socket?.resetAndDestroy(),
  endless: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  },
  half: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"errcode":')
  },
  drip: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{')
  },
  'not-http': (response) => {
    response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n')
  },
}
