import type { AccessLogEntry } from '../core/access-log.ts'
import { lengthTag, varintTag, WireReader } from './wire-reader.ts'

const ourNamespace = 'envoy.filters.http.ext_authz'
const deniedDetails = 'ext_authz_denied'
const ticketBytesMax = 65_536
const pathBytesMax = 65_536

// Field numbers of envoy.data.accesslog.v3 (proto/envoy/data/accesslog/v3/accesslog.proto).
const tags = { common: lengthTag(1), request: lengthTag(3), response: lengthTag(4) }
const common = {
  flags: lengthTag(16),
  metadata: lengthTag(17),
  duration: lengthTag(23),
  streamId: lengthTag(26),
  wireBytes: varintTag(29),
  type: varintTag(33),
}
const request = {
  method: varintTag(1),
  path: lengthTag(5),
  id: lengthTag(9),
  bodyBytes: varintTag(12),
  headers: lengthTag(13),
}
const response = { code: lengthTag(1), bodyBytes: varintTag(3), headers: lengthTag(4), details: lengthTag(6) }
const pair = { key: lengthTag(1), value: lengthTag(2) }

const methods = ['', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']
// What ends an answer half-way: timeouts, resets and protocol errors of either side, the client's leaving (15, 28).
const abortFlags = new Set([3, 4, 5, 6, 7, 15, 17, 19, 20, 23, 24, 26, 28].map(varintTag))

type Draft = { -readonly [Key in keyof AccessLogEntry]: AccessLogEntry[Key] } & { streamId: string }

/**
 * Reads one HTTPAccessLogEntry, or undefined when the bytes are none; never throws. uint64 above 2^53 − 1 saturate there.
 */
export function decodeAccessLogEntry(bytes: Buffer, node: string): AccessLogEntry | undefined {
  const draft = emptyDraft(node)
  try {
    const reader = new WireReader(bytes)
    while (reader.next()) {
      if (reader.tag === tags.common) within(reader, draft, readCommon)
      else if (reader.tag === tags.request) within(reader, draft, readRequest)
      else if (reader.tag === tags.response) within(reader, draft, readResponse)
      else reader.skip()
    }
  } catch {
    return undefined
  }
  const { streamId, ...entry } = draft
  if (entry.requestId === '') entry.requestId = streamId
  // A refusal without metadata leaves no namespace; an allow always does, because Envoy adds the Check's duration (Envoy 1.40).
  if (entry.details === deniedDetails) entry.checked = true
  return entry
}

function emptyDraft(node: string): Draft {
  return {
    node,
    checked: false,
    type: 'end',
    requestId: '',
    method: '',
    path: '',
    status: 0,
    details: '',
    bodyBytes: 0,
    wireBytes: 0,
    requestBodyBytes: 0,
    aborted: false,
    durationMs: 0,
    range: '',
    contentLengthBytes: undefined,
    contentRange: '',
    streamId: '',
  }
}

/** Reads every field of the message that `reader` stands at with `read`. */
function within(reader: WireReader, draft: Draft, read: (reader: WireReader, draft: Draft) => void): void {
  const outer = reader.enter()
  while (reader.next()) read(reader, draft)
  reader.leave(outer)
}

function readCommon(reader: WireReader, draft: Draft): void {
  if (reader.tag === common.flags) within(reader, draft, readFlag)
  else if (reader.tag === common.metadata) within(reader, draft, readNamespace)
  else if (reader.tag === common.duration) draft.durationMs = readDuration(reader)
  else if (reader.tag === common.streamId) draft.streamId = reader.text()
  else if (reader.tag === common.wireBytes) draft.wireBytes = reader.uint()
  else if (reader.tag === common.type) draft.type = typeOf(reader.uint())
  else reader.skip()
}

function typeOf(number: number): AccessLogEntry['type'] {
  if (number === 4) return 'start'
  return number === 5 ? 'periodic' : 'end'
}

function readFlag(reader: WireReader, draft: Draft): void {
  if (abortFlags.has(reader.tag)) draft.aborted = reader.uint() !== 0 || draft.aborted
  else reader.skip()
}

function readRequest(reader: WireReader, draft: Draft): void {
  if (reader.tag === request.method) draft.method = methods[reader.uint()] ?? ''
  else if (reader.tag === request.path) draft.path = reader.boundedText(pathBytesMax)
  else if (reader.tag === request.id) draft.requestId = reader.text()
  else if (reader.tag === request.bodyBytes) draft.requestBodyBytes = reader.uint()
  else if (reader.tag === request.headers) {
    const { key, value } = readPair(reader)
    if (key === 'range') draft.range = value.toString()
  } else reader.skip()
}

function readResponse(reader: WireReader, draft: Draft): void {
  if (reader.tag === response.code) draft.status = readWrapped(reader)
  else if (reader.tag === response.bodyBytes) draft.bodyBytes = reader.uint()
  else if (reader.tag === response.details) draft.details = reader.text()
  else if (reader.tag === response.headers) {
    const { key, value } = readPair(reader)
    if (key === 'content-length') draft.contentLengthBytes = wholeNumber(value.toString())
    else if (key === 'content-range') draft.contentRange = value.toString()
  } else reader.skip()
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** google.protobuf.UInt32Value. */
function readWrapped(reader: WireReader): number {
  let value = 0
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === varintTag(1)) value = reader.uint()
    else reader.skip()
  }
  reader.leave(outer)
  return value
}

/** google.protobuf.Duration, in whole milliseconds. */
function readDuration(reader: WireReader): number {
  let seconds = 0
  let nanos = 0
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === varintTag(1)) seconds = reader.uint()
    else if (reader.tag === varintTag(2)) nanos = reader.uint()
    else reader.skip()
  }
  reader.leave(outer)
  return Math.min(Math.round(seconds * 1000 + nanos / 1e6), Number.MAX_SAFE_INTEGER)
}

/** One entry of `filter_metadata`: only our namespace is opened. */
function readNamespace(reader: WireReader, draft: Draft): void {
  if (reader.tag !== lengthTag(1)) {
    reader.skip()
    return
  }
  const { key, value } = readPair(reader)
  if (key !== ourNamespace) return
  draft.checked = true
  const fields = new WireReader(value)
  while (fields.next()) {
    if (fields.tag !== lengthTag(1)) {
      fields.skip()
      continue
    }
    const field = readPair(fields)
    if (field.key !== 'ticket') continue
    const ticket = stringOf(field.value)
    if (ticket !== '') draft.ticket = ticket
  }
}

/** The string inside a google.protobuf.Value; empty for any other kind. */
function stringOf(value: Buffer): string {
  const reader = new WireReader(value)
  let text = ''
  while (reader.next()) {
    if (reader.tag === lengthTag(3)) text = reader.boundedText(ticketBytesMax)
    else reader.skip()
  }
  return text
}

/** A map entry; the last of repeated parts wins. */
function readPair(reader: WireReader): { readonly key: string; readonly value: Buffer } {
  let key = ''
  let value: Buffer = Buffer.alloc(0)
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === pair.key) key = reader.text()
    else if (reader.tag === pair.value) value = reader.bytes()
    else reader.skip()
  }
  reader.leave(outer)
  return { key, value }
}
