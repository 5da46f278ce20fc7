import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'
import { callerOf, type OpsPage } from './ops-page.ts'
import { readBody } from './read-body.ts'

export interface OpsServerOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  /** What is missing before this process may take requests, as short sentences; none = ready. */
  readonly missing: () => readonly string[] | Promise<readonly string[]>
  /** What is not as it should be although requests are taken, as sentences: said beside `ready`. */
  readonly warnings?: () => readonly string[] | Promise<readonly string[]>
  /** Pages of other rooms, by path: asked by POST, with a body of at most 1 MiB. */
  readonly posts?: Readonly<Record<string, OpsPage>>
}

export interface OpsServer {
  /** With the port that was taken. */
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

const connectionsMax = 100

/**
 * The ops listener: `/metrics` (Prometheus text), `/livez` (200 while the event loop turns), `/readyz` (200 and warnings, or 503 and what is missing),
 * and the pages it is given.
 * Rejects with the system's error when the address cannot be listened on.
 */
export async function createOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const { listen } = options
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, listenerOf(options))
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    address: { host: listen.host, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listenerOf({ metrics, missing, warnings = () => [], posts = {} }: OpsServerOptions): RequestListener {
  const pages: Readonly<Record<string, (response: ServerResponse) => Promise<void>>> = {
    '/metrics': async (response) =>
      send(response, { status: 200, body: await metrics.text(), type: metrics.contentType }),
    '/livez': async (response) => send(response, { status: 200, body: 'alive\n' }),
    '/readyz': async (response) => {
      const lacking = await missing()
      const isReady = lacking.length === 0
      const body = isReady ? readyPage(await warnings()) : `${lacking.join('\n')}\n`
      send(response, { status: isReady ? 200 : 503, body })
    },
  }
  const notFound = `Not found. Here are ${[...Object.keys(pages), ...Object.keys(posts)].join(', ')}\n`
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const post = posts[path]
    if (post !== undefined) return answerPost(request, response, post)
    const page = pages[path]
    if (page === undefined) send(response, { status: 404, body: notFound })
    else if (request.method !== 'GET' && request.method !== 'HEAD') send(response, { status: 405, body: 'Use GET\n' })
    else page(response).catch(() => send(response, { status: 500, body: 'Failed\n' }))
  }
}

function readyPage(warnings: readonly string[]): string {
  return ['ready', ...warnings.map((warning) => `warning: ${warning}`), ''].join('\n')
}

const bodyBytesMax = 1_048_576

/** What is refused is refused before its body is read; Node reads that and forgets it, so that the caller gets to reading the answer. */
function answerPost(request: IncomingMessage, response: ServerResponse, page: OpsPage): void {
  if (request.method !== 'POST') {
    send(response, { status: 405, body: 'Use POST\n', headers: { allow: 'POST' } })
    return
  }
  const refusal = page.refusal(callerOf(request))
  if (refusal !== undefined) {
    send(response, refusal)
    return
  }
  readBody(request, bodyBytesMax)
    .then(async (body) => {
      if (body !== undefined) return send(response, await page.answer(body))
      send(response, { status: 413, body: `The body may have ${bodyBytesMax} bytes at most\n` })
    })
    .catch(() => send(response, { status: 500, body: 'Failed\n' }))
}

interface Page {
  readonly status: number
  readonly body: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

function send(
  response: ServerResponse,
  { status, body, type = 'text/plain; charset=utf-8', headers = {} }: Page,
): void {
  const own = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' }
  response.writeHead(status, { ...own, ...headers }).end(body)
}
