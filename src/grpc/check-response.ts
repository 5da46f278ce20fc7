import type { LimitStructs } from '../core/limit-structs.ts'
import type { Decision, Header } from '../core/verdict.ts'
import { writeMembers } from './struct-writer.ts'
import { WireWriter } from './wire-writer.ts'

/** Told about each header that a decision asked for and that was not sent. */
export type DroppedHeader = (name: string, why: 'unknown_name' | 'bad_value') => void

type Allow = Extract<Decision, { readonly verdict: 'allow' }>
type Refuse = Exclude<Decision, Allow>

// Envoy lets a Check answer rewrite `:path`, `:method` and `host`; so there is a closed list of what is ever sent.
const ownPrefix = 'x-tollgate-'
const upstreamNames = new Set(['authorization'])
const responseNames = new Set([
  'allow',
  'cache-control',
  'content-language',
  'content-security-policy',
  'content-type',
  'link',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'referrer-policy',
  'retry-after',
  'vary',
  'www-authenticate',
  'x-content-type-options',
  'x-should-retry',
])

/**
 * Never from a caller to an upstream: the caller's credential, and two headers of Envoy's that mean something to us but are not
 * removed at the edge (seen with Envoy 1.40).
 */
const alwaysRemoved: readonly string[] = [
  'authorization',
  'x-envoy-auth-failure-mode-allowed',
  'x-envoy-auth-partial-body',
]

const printableAscii = /^[\x20-\x7e]*$/
/** Envoy writes this one itself. */
const reservedMetadata = 'ext_authz_duration'

// google.rpc.Code of a denial. Any value but 0 denies; these are what other readers of the log expect.
const rpcCodes: Readonly<Record<number, number>> = { 401: 16, 429: 8, 503: 14 }
const permissionDenied = 7

// HeaderValueOption: append {value: false}, append_action OVERWRITE_IF_EXISTS_OR_ADD. Both are needed: unset or `true` drops or appends (Envoy 1.40).
const overwrite = Buffer.from([0x12, 0x00, 0x18, 0x02])
// append {value: true}, APPEND_IF_EXISTS_OR_ADD: only honoured on the way to the client (Envoy 1.40).
const beside = Buffer.from([0x12, 0x02, 0x08, 0x01])
/** Lists (RFC 9651) that a rate limit filter behind Check adds to as well: each tells its own limits, and neither hides the other's. */
const toldBeside = new Set(['ratelimit', 'ratelimit-policy'])

const field = {
  status: 1,
  denied: 2,
  ok: 3,
  metadata: 4,
  rpcCode: 1,
  httpCode: 1,
  headers: 2,
  body: 3,
  removed: 5,
  responseHeaders: 6,
  header: 1,
  key: 1,
  value: 2,
  structFields: 1,
  stringValue: 3,
}

const writer = new WireWriter()

/** `alwaysRemoved` without the credential, which an upstream's own may replace. */
const removedMarks = encodeRemoved(alwaysRemoved.slice(1))

function encodeRemoved(names: readonly string[]): Buffer {
  writer.reset()
  for (const name of names) writer.ascii(field.removed, name)
  return writer.finish()
}

/**
 * A decision as an encoded CheckResponse. Anything but `allow` carries `status.code` ≠ 0, without which Envoy lets the request through;
 * its HTTP status is held to 300 … 599 (200 … 599 for our own pages), else 403.
 * Header names outside the closed list and values outside printable ASCII are left out and told to `onDropped`; a dropped header for
 * the upstream is removed instead, so that a caller's own never stands in its place. No name is ever both set and removed, because
 * Envoy removes last. The caller's Authorization never reaches an upstream.
 */
export function encodeCheckResponse(decision: Decision, onDropped: DroppedHeader = () => {}): Buffer {
  writer.reset()
  writeMetadata(decision.metadata, decision.verdict === 'allow' ? decision.limits : undefined)
  if (decision.verdict === 'allow') writeAllow(decision, onDropped)
  else writeRefuse(decision, onDropped)
  return writer.finish()
}

function writeAllow(decision: Allow, onDropped: DroppedHeader): void {
  const { upstreamHeaders, removedHeaders } = decision
  const sent = sendable(upstreamHeaders, upstreamNames, onDropped)
  const end = writer.mark()
  writeHeaders(field.responseHeaders, sendable(decision.responseHeaders, responseNames, onDropped))
  if (!isNamed(sent, 'authorization')) writer.ascii(field.removed, 'authorization')
  writer.raw(removedMarks)
  for (const name of removedHeaders) {
    if (!alwaysRemoved.includes(name) && !isNamed(sent, name)) writeRemoved(name)
  }
  if (sent.length < upstreamHeaders.length) {
    for (const { name } of upstreamHeaders) if (!isNamed(sent, name)) writeRemoved(name)
  }
  writeHeaders(field.headers, sent)
  writer.message(field.ok, end)
  writeRpcStatus(0)
}

function writeRemoved(name: string): void {
  if (printableAscii.test(name)) writer.ascii(field.removed, name)
}

function isNamed(headers: readonly Header[], wanted: string): boolean {
  for (const { name } of headers) if (name === wanted) return true
  return false
}

function writeRefuse(decision: Refuse, onDropped: DroppedHeader): void {
  const { answer } = decision
  const status = heldStatus(answer.status, decision.verdict)
  const end = writer.mark()
  if (answer.body !== '') writer.text(field.body, answer.body)
  writeHeaders(field.headers, sendable(answer.headers, responseNames, onDropped))
  const statusEnd = writer.mark()
  writer.uint(field.httpCode, status)
  writer.message(1, statusEnd)
  writer.message(field.denied, end)
  writeRpcStatus(rpcCodes[status] ?? permissionDenied)
}

function heldStatus(status: number, verdict: Refuse['verdict']): number {
  const least = verdict === 'answer' ? 200 : 300
  return Number.isInteger(status) && status >= least && status <= 599 ? status : 403
}

function sendable(headers: readonly Header[], names: ReadonlySet<string>, onDropped: DroppedHeader): readonly Header[] {
  return headers.filter((header) => isSendable(header, names, onDropped))
}

function isSendable({ name, value }: Header, names: ReadonlySet<string>, onDropped: DroppedHeader): boolean {
  const isKnown = names.has(name) || (name.startsWith(ownPrefix) && /^[a-z0-9-]+$/.test(name))
  const isClean = printableAscii.test(value)
  if (!isKnown) onDropped(name, 'unknown_name')
  else if (!isClean) onDropped(name, 'bad_value')
  return isKnown && isClean
}

/** Written from the last to the first, as the writer goes backwards. */
function writeHeaders(number: number, headers: readonly Header[]): void {
  for (let index = headers.length - 1; index >= 0; index -= 1) {
    const header = headers[index]
    if (header === undefined) continue
    const end = writer.mark()
    writer.raw(number === field.responseHeaders && toldBeside.has(header.name) ? beside : overwrite)
    const pairEnd = writer.mark()
    writer.ascii(field.value, header.value)
    writer.ascii(field.key, header.name)
    writer.message(field.header, pairEnd)
    writer.message(number, end)
  }
}

function writeRpcStatus(code: number): void {
  const end = writer.mark()
  if (code !== 0) writer.uint(field.rpcCode, code)
  writer.message(field.status, end)
}

/** A google.protobuf.Struct of strings, because Envoy's `metadata` action silently drops descriptors of anything else; and of limits. */
function writeMetadata(metadata: Readonly<Record<string, string>>, limits: LimitStructs | undefined): void {
  const end = writer.mark()
  if (limits !== undefined) writer.raw(limitBytesOf(limits))
  for (const key in metadata) {
    const value = metadata[key]
    if (key === reservedMetadata || value === undefined) continue
    const entryEnd = writer.mark()
    writer.text(field.stringValue, value)
    writer.message(2, entryEnd)
    writer.text(1, key)
    writer.message(field.structFields, entryEnd)
  }
  if (writer.mark() > end) writer.message(field.metadata, end)
}

const limitBytes = new WeakMap<LimitStructs, Buffer>()

/** Written once for each set of limits: the same object comes with every request of an account. */
function limitBytesOf(limits: LimitStructs): Buffer {
  const written = limitBytes.get(limits)
  if (written !== undefined) return written
  const own = new WireWriter()
  writeMembers(own, limits)
  const bytes = own.finish()
  limitBytes.set(limits, bytes)
  return bytes
}
