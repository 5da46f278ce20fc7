import type { RequestFacts } from '../core/request.ts'
import { normalAddress } from './caller-address.ts'
import { lengthTag, WireFault, WireReader } from './wire-reader.ts'
import { WordTable } from './wire-words.ts'

/** Why a CheckRequest cannot be judged; the caller is refused, never allowed. */
export type BadCheck = 'malformed' | 'too_large' | 'missing_attributes' | 'not_utf8'

export type DecodedCheck =
  | { readonly ok: true; readonly facts: RequestFacts }
  | { readonly ok: false; readonly reason: BadCheck }

const headersMax = 10_000
const headerBytesMax = 1_048_576
const targetBytesMax = 65_536

/** The headers that a decision reads; a test holds the list against `src`. Of the others only number and size are looked at. */
export const readHeaders = [
  'authorization',
  'user-agent',
  'x-request-id',
  'x-envoy-external-address',
  'if-none-match',
  'if-modified-since',
  'content-length',
  'range',
  'if-range',
  'origin',
  'access-control-request-method',
] as const
const headerNames = new WordTable(readHeaders)
const extensionNames = new WordTable(['upstream', 'limits'])

// Field numbers of envoy.service.auth.v3 (proto/envoy/service/auth/v3/external_auth.proto).
const request = { attributes: lengthTag(1) }
const attributes = { source: lengthTag(1), request: lengthTag(4), contextExtensions: lengthTag(10) }
const peer = { address: lengthTag(1) }
const address = { socketAddress: lengthTag(1) }
const socketAddress = { address: lengthTag(2) }
const outerRequest = { http: lengthTag(2) }
const http = {
  method: lengthTag(2),
  headers: lengthTag(3),
  path: lengthTag(4),
  host: lengthTag(5),
  headerMap: lengthTag(13),
}
const headerMap = { headers: lengthTag(1) }
const pair = { key: lengthTag(1), value: lengthTag(2), rawValue: lengthTag(3) }

/** What has been read so far; a submessage that comes twice merges into it, as protobuf asks. */
interface Draft {
  hasHttp: boolean
  method: string
  path: string
  host: string
  peer: string
  upstream: string
  tellsLimits: boolean
  /** Of the pair read last: its key when that is a known word, and where its value stands. */
  key: string | undefined
  valueStart: number
  valueEnd: number
  pairBytes: number
  headerCount: number
  headerBytes: number
  readonly headers: Map<string, string>
}

/**
 * Reads a CheckRequest; never throws, whatever the bytes. Only the fields that decide are read, the rest (body, certificates, metadata)
 * is stepped over. At most 10,000 headers of 1 MiB together, a target of at most 64 KiB.
 * Both of Envoy's header forms are read: `headers`, and `header_map` (`encode_raw_headers`), whose repeated names are joined with `,`
 * as the other form does.
 */
export function decodeCheckRequest(bytes: Buffer): DecodedCheck {
  const draft: Draft = {
    hasHttp: false,
    method: '',
    path: '',
    host: '',
    peer: '',
    upstream: '',
    tellsLimits: false,
    key: undefined,
    valueStart: 0,
    valueEnd: 0,
    pairBytes: 0,
    headerCount: 0,
    headerBytes: 0,
    headers: new Map(),
  }
  try {
    readRequest(new WireReader(bytes), draft)
    return finished(draft)
  } catch (error) {
    return { ok: false, reason: error instanceof WireFault ? error.reason : 'malformed' }
  }
}

function finished(draft: Draft): DecodedCheck {
  const { method, path, headers, upstream, tellsLimits } = draft
  // CONNECT is asked with an empty path (facts of Envoy 1.40); nothing else is.
  if (!draft.hasHttp || method === '' || (path === '' && method !== 'CONNECT')) {
    return { ok: false, reason: 'missing_attributes' }
  }
  if (path.includes('\ufffd') || method.includes('\ufffd')) return { ok: false, reason: 'not_utf8' }
  const facts = {
    method,
    ...hostOf(draft.host),
    target: path,
    headers,
    address: normalAddress(headers.get('x-envoy-external-address') ?? '') || normalAddress(draft.peer) || 'unknown',
    requestId: headers.get('x-request-id') ?? '',
  }
  const named = upstream === '' ? facts : { ...facts, upstream }
  return { ok: true, facts: tellsLimits ? { ...named, tellsLimits } : named }
}

/** Lower case, without and with port; empty when it is not one host name. Two Host headers reach us as `a,b`. */
function hostOf(text: string): Pick<RequestFacts, 'host' | 'authority'> {
  const [authority, host] =
    /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{0,5})?$/.exec(text.length > 255 ? '' : text.toLowerCase()) ?? []
  return authority === undefined || host === undefined ? { host: '' } : { host, authority }
}

function readRequest(reader: WireReader, draft: Draft): void {
  while (reader.next()) {
    if (reader.tag === request.attributes) readAttributes(reader, draft)
    else reader.skip()
  }
}

function readAttributes(reader: WireReader, draft: Draft): void {
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === attributes.source) readPeer(reader, draft)
    else if (reader.tag === attributes.request) readOuterRequest(reader, draft)
    else if (reader.tag === attributes.contextExtensions) readExtension(reader, draft)
    else reader.skip()
  }
  reader.leave(outer)
}

function readPeer(reader: WireReader, draft: Draft): void {
  const outerPeer = reader.enter()
  while (reader.next()) {
    if (reader.tag === peer.address) readAddress(reader, draft)
    else reader.skip()
  }
  reader.leave(outerPeer)
}

function readAddress(reader: WireReader, draft: Draft): void {
  const outerAddress = reader.enter()
  while (reader.next()) {
    if (reader.tag !== address.socketAddress) {
      reader.skip()
      continue
    }
    const outerSocket = reader.enter()
    while (reader.next()) {
      if (reader.tag === socketAddress.address) draft.peer = reader.text()
      else reader.skip()
    }
    reader.leave(outerSocket)
  }
  reader.leave(outerAddress)
}

function readOuterRequest(reader: WireReader, draft: Draft): void {
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === outerRequest.http) readHttp(reader, draft)
    else reader.skip()
  }
  reader.leave(outer)
}

function readHttp(reader: WireReader, draft: Draft): void {
  draft.hasHttp = true
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === http.headers) readHeader(reader, draft)
    else if (reader.tag === http.method) draft.method = reader.boundedText(64)
    else if (reader.tag === http.path) draft.path = reader.boundedText(targetBytesMax)
    else if (reader.tag === http.host) draft.host = reader.boundedText(targetBytesMax)
    else if (reader.tag === http.headerMap) readHeaderMap(reader, draft)
    else reader.skip()
  }
  reader.leave(outer)
}

function readHeader(reader: WireReader, draft: Draft): void {
  readPair(reader, draft, headerNames)
  countHeader(draft)
  if (draft.key !== undefined) draft.headers.set(draft.key, readValue(reader, draft))
}

function readHeaderMap(reader: WireReader, draft: Draft): void {
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag !== headerMap.headers) {
      reader.skip()
      continue
    }
    readPair(reader, draft, headerNames)
    countHeader(draft)
    if (draft.key === undefined) continue
    const earlier = draft.headers.get(draft.key)
    const value = readValue(reader, draft)
    draft.headers.set(draft.key, earlier === undefined ? value : `${earlier},${value}`)
  }
  reader.leave(outer)
}

function readExtension(reader: WireReader, draft: Draft): void {
  readPair(reader, draft, extensionNames)
  if (draft.key === 'upstream') draft.upstream = readValue(reader, draft)
  else if (draft.key === 'limits') draft.tellsLimits = readValue(reader, draft) === 'metadata'
}

/** A map entry or a HeaderValue: which of `names` its key is, and where its value stands. */
function readPair(reader: WireReader, draft: Draft, names: WordTable): void {
  draft.key = undefined
  draft.valueStart = 0
  draft.valueEnd = 0
  const outer = reader.enter()
  draft.pairBytes = reader.left
  while (reader.next()) {
    if (reader.tag === pair.key) draft.key = reader.word(names)
    else if (reader.tag === pair.value || reader.tag === pair.rawValue) {
      draft.valueStart = reader.span()
      draft.valueEnd = reader.spanEnd
    } else reader.skip()
  }
  reader.leave(outer)
}

function readValue(reader: WireReader, { valueStart, valueEnd }: Draft): string {
  return reader.textOf(valueStart, valueEnd)
}

function countHeader(draft: Draft): void {
  draft.headerCount += 1
  draft.headerBytes += draft.pairBytes
  if (draft.headerCount > headersMax || draft.headerBytes > headerBytesMax) throw new WireFault('too_large')
}
