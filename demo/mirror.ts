import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { chooseType, filePath, packagePage, rootPage } from './index-pages.ts'
import { closeServer, listen } from './listen.ts'
import { buildCatalogue } from './packages/catalogue.ts'
import type { Wheel } from './packages/wheel.ts'
import { createRequestLog, type ReceivedRequest } from './request-log.ts'
import { type Content, sendContent } from './send-content.ts'

export interface DemoUpstream {
  readonly port: number
  /** What arrived here, oldest first: proof of what Envoy and Tollgate let through. */
  requests(): readonly ReceivedRequest[]
  stop(): Promise<void>
}

/** Short, so that a person who repeats a command sees it asked again; a real mirror says 600. */
const INDEX_CACHE_CONTROL = 'max-age=5, public'
const FILE_CACHE_CONTROL = 'max-age=365000000, immutable, public'

/**
 * A package mirror in the layout of PyPI on a free loopback port: PEP 691 JSON and HTML by Accept, PEP 658 metadata,
 * digests, sizes, ETags and ranges. It checks no token: that is Tollgate's work.
 *
 * @param wheels the demo's own when absent
 */
export async function startMirror(wheels: readonly Wheel[] = buildCatalogue()): Promise<DemoUpstream> {
  const contentOf = createShelf(wheels)
  const log = createRequestLog()
  const server = createServer((request, response) => {
    log.note(request)
    void answer(request, response, contentOf)
  })
  const port = await listen(server)
  return { port, requests: log.all, stop: () => closeServer(server) }
}

type Shelf = (path: string, accept: string | undefined) => Content | undefined

async function answer(request: IncomingMessage, response: ServerResponse, contentOf: Shelf): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  const content = contentOf(path, request.headers.accept)
  if (content !== undefined) return sendContent(request, response, content)
  if (contentOf(`${path}/`, request.headers.accept) !== undefined) {
    response.writeHead(301, { location: `${path}/` }).end()
    return
  }
  response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n')
}

function createShelf(wheels: readonly Wheel[]): Shelf {
  const files = new Map<string, Content>()
  for (const wheel of wheels) {
    const path = `/${filePath(wheel)}`
    files.set(path, { bytes: wheel.content, type: 'application/octet-stream', cacheControl: FILE_CACHE_CONTROL })
    files.set(`${path}.metadata`, { bytes: wheel.metadata, type: 'text/plain', cacheControl: FILE_CACHE_CONTROL })
  }
  const byName = Map.groupBy(wheels, (wheel) => wheel.name)
  return (path, accept) => files.get(path) ?? indexPage(byName, path, accept)
}

function indexPage(
  byName: ReadonlyMap<string, readonly Wheel[]>,
  path: string,
  accept: string | undefined,
): Content | undefined {
  const type = chooseType(accept)
  const name = /^\/simple\/([^/]+)\/$/
    .exec(path)?.[1]
    ?.toLowerCase()
    .replaceAll(/[-_.]+/g, '-')
  const wheels = name === undefined ? undefined : byName.get(name)
  if (path !== '/simple/' && wheels === undefined) return undefined
  const page = wheels === undefined ? rootPage([...byName.keys()], type) : packagePage(name ?? '', wheels, type)
  return { bytes: Buffer.from(page.body), type: page.type, cacheControl: INDEX_CACHE_CONTROL, vary: 'accept' }
}
