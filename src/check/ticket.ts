import { hash, timingSafeEqual } from 'node:crypto'
import type { ChargeMeta } from '../core/charge.ts'
import type { Subject, SubjectKind } from '../core/subject.ts'
import type { Ticket } from '../core/ticket.ts'

/** Signs tickets after a spend and opens them when a report brings them back. */
export interface TicketSigner {
  /** The signature, a dot and JSON without control characters: well-formed Unicode, as a string of Envoy's dynamic metadata must be. */
  sign(ticket: Ticket): string
  /** `forged`: not signed by this installation, or not of our form; `old`: minted more than 48 h before `nowMs`. */
  open(text: string, nowMs: number): Ticket | 'forged' | 'old'
}

const ageMsMax = 48 * 3_600_000
/** A path has at most 8,192 characters, and JSON may write two for one. */
const textLengthMax = 32_768
const metaFields = [
  'account',
  'project',
  'department',
  'token',
  'address',
  'upstream',
  'kind',
  'resource',
  'file',
] as const
const signatureLength = 22
const blockBytes = 64
const digestBytes = 32
const scratchBytes = 8_192
/** UTF-8 of one UTF-16 unit. */
const bytesPerUnitMax = 3

/**
 * A signer over one key, shared by every process of an installation. The signature is HMAC-SHA-256 cut to 128 bits, over the exact
 * text: dynamic metadata cannot be set by clients, the signature keeps other filters and replayed logs honest.
 */
export function createTicketSigner(key: Uint8Array): TicketSigner {
  const signatureOf = createHmacSha256(key)
  return {
    sign(ticket) {
      const payload = JSON.stringify(packed(ticket))
      return `${signatureOf(payload)}.${payload}`
    },
    open(text, nowMs) {
      if (text[signatureLength] !== '.' || text.length > textLengthMax) return 'forged'
      const payload = text.slice(signatureLength + 1)
      if (!sameText(text.slice(0, signatureLength), signatureOf(payload))) return 'forged'
      const ticket = unpacked(JSON.parse(payload))
      return nowMs - ticket.at > ageMsMax ? 'old' : ticket
    },
  }
}

/**
 * HMAC (RFC 2104) over one-shot hashes: three times as fast as an Hmac object for texts of this size, and one is made for every Check.
 * A test holds it against node's own.
 */
function createHmacSha256(key: Uint8Array): (text: string) => string {
  const block = Buffer.alloc(blockBytes)
  block.set(key.length > blockBytes ? hash('sha256', key, 'buffer') : key)
  const inner = Buffer.alloc(blockBytes + scratchBytes)
  const outer = Buffer.alloc(blockBytes + digestBytes)
  for (const [index, byte] of block.entries()) {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  return (text) => {
    const digest = hash('sha256', innerOf(text), 'latin1')
    outer.write(digest, blockBytes, 'latin1')
    return hash('sha256', outer, 'base64url').slice(0, signatureLength)
  }

  /** Key block and text; nearly every text fits behind the block that stands there already. */
  function innerOf(text: string): Buffer {
    const isLong = text.length * bytesPerUnitMax > scratchBytes
    if (isLong) return Buffer.concat([inner.subarray(0, blockBytes), Buffer.from(text, 'utf8')])
    return inner.subarray(0, blockBytes + inner.write(text, blockBytes, 'utf8'))
  }
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8')]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Arrays instead of objects halve the text. Positions are the format; `1` in front names it. */
type Packed = readonly [
  1,
  string,
  number,
  readonly (readonly [number, string])[],
  readonly (readonly [SubjectKind, string, number])[],
  Ticket['surface'],
  number,
  readonly [number, number, number, number],
  readonly [number, Ticket['price']['charged'], ...(readonly [number, number])[]],
  readonly string[],
  string,
]

function packed(ticket: Ticket): Packed {
  const { estimate, price, meta } = ticket
  return [
    1,
    ticket.id,
    ticket.at,
    ticket.partitions.map(({ partition, epoch }) => [partition, epoch] as const),
    ticket.subjects.map(({ kind, id, partition }) => [kind, id, partition] as const),
    ticket.surface,
    ticket.home,
    [estimate.requests, estimate.credits, estimate.bytes, estimate.gpu_ms],
    [
      price.baseMilli,
      price.charged,
      ...price.tiers.map(({ fromBytes, milliPerMb }) => [fromBytes, milliPerMb] as const),
    ],
    metaFields.map((field) => meta[field]),
    ticket.path,
  ]
}

/** Trusts the form: only text that this installation signed comes here. */
function unpacked(parts: Packed): Ticket {
  const [, id, at, partitions, subjects, surface, home, estimate, price, meta, path] = parts
  const [baseMilli, charged, ...tiers] = price
  return {
    id,
    at,
    partitions: partitions.map(([partition, epoch]) => ({ partition, epoch })),
    subjects: subjects.map(([kind, subject, partition]): Subject => ({ kind, id: subject, partition })),
    surface,
    home,
    estimate: { requests: estimate[0], credits: estimate[1], bytes: estimate[2], gpu_ms: estimate[3] },
    price: { baseMilli, charged, tiers: tiers.map(([fromBytes, milliPerMb]) => ({ fromBytes, milliPerMb })) },
    meta: Object.fromEntries(metaFields.map((field, index) => [field, meta[index] ?? ''])) as Record<
      keyof ChargeMeta,
      string
    >,
    path,
  }
}
