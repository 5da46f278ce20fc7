import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface Content {
  readonly bytes: Buffer
  readonly type: string
  readonly cacheControl: string
  readonly vary?: string
}

interface Span {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

const SLICE_BYTES = 65_536

/**
 * Answers a GET or HEAD with an ETag: 304 for one the client has, 206 for one range (RFC 9110 §14; several ranges get
 * the whole), 416 for a range outside. Streams, so that a slow reader costs no memory; resolves when the answer is out
 * or the client has left.
 */
export async function sendContent(request: IncomingMessage, response: ServerResponse, content: Content): Promise<void> {
  const etag = `"${createHash('sha256').update(content.bytes).digest('hex').slice(0, 32)}"`
  response.setHeader('etag', etag)
  response.setHeader('cache-control', content.cacheControl)
  response.setHeader('accept-ranges', 'bytes')
  if (content.vary !== undefined) response.setHeader('vary', content.vary)
  if (hasMatch(request.headers['if-none-match'], etag)) {
    response.writeHead(304).end()
    return
  }
  const span = spanOf(request, etag, content.bytes.length)
  if (span === 'outside') {
    response.writeHead(416, { 'content-range': `bytes */${content.bytes.length}` }).end()
    return
  }
  await sendSpan(request, response, { content, span })
}

async function sendSpan(
  request: IncomingMessage,
  response: ServerResponse,
  { content, span }: { readonly content: Content; readonly span: Span | undefined },
): Promise<void> {
  const { from, to } = span ?? { from: 0, to: content.bytes.length }
  response.setHeader('content-type', content.type)
  response.setHeader('content-length', to - from)
  if (span !== undefined) response.setHeader('content-range', `bytes ${from}-${to - 1}/${content.bytes.length}`)
  response.writeHead(span === undefined ? 200 : 206)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  // A client that leaves half way is no fault of ours.
  await pipeline(Readable.from(slicesOf(content.bytes.subarray(from, to))), response).catch(() => undefined)
}

function* slicesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) yield bytes.subarray(from, from + SLICE_BYTES)
}

function hasMatch(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((one) => one.trim() === etag || one.trim() === '*')
}

/** The one range asked for; undefined = send everything. */
function spanOf(request: IncomingMessage, etag: string, sizeBytes: number): Span | 'outside' | undefined {
  const condition = request.headers['if-range']
  if (condition !== undefined && condition !== etag) return undefined
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')
  const [, first = '', last = ''] = match ?? []
  if (first === '' && last === '') return undefined
  if (first === '')
    return Number(last) === 0 ? 'outside' : { from: Math.max(0, sizeBytes - Number(last)), to: sizeBytes }
  const span = { from: Number(first), to: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) }
  return span.from < span.to ? span : 'outside'
}
