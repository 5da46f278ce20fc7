import type { DescriptorEntry, RateLimitDescriptor, RateLimitRequest } from '../check/rate-limit/rate-limit-words.ts'
import { rateUnitOf } from './rate-limit-unit.ts'
import { lengthTag, varintTag, WireFault, type WireFaultReason, WireReader } from './wire-reader.ts'

export type DecodedRateLimit =
  | { readonly ok: true; readonly request: RateLimitRequest }
  | { readonly ok: false; readonly reason: WireFaultReason }

const descriptorsMax = 10_000
/** Of all descriptors of a call together. */
const entriesMax = 10_000
const textBytesMax = 1_048_576
const uint32Max = 0xffffffff

// Field numbers of envoy.service.ratelimit.v3 and envoy.extensions.common.ratelimit.v3 (proto/envoy/…/rls.proto, ratelimit.proto).
const call = { domain: lengthTag(1), descriptors: lengthTag(2), hitsAddend: varintTag(3) }
const descriptor = {
  entries: lengthTag(1),
  limit: lengthTag(2),
  hitsAddend: lengthTag(3),
  isNegativeHits: varintTag(4),
}
const entry = { key: lengthTag(1), value: lengthTag(2) }
const limit = { requestsPerUnit: varintTag(1), unit: varintTag(2) }
const wrapper = { value: varintTag(1) }

type Draft<T> = { -readonly [Key in keyof T]: T[Key] }

/** What is counted while a call is read. */
interface Tally {
  entries: number
}

/**
 * Reads a RateLimitRequest; never throws, whatever the bytes. At most 10,000 descriptors and 10,000 entries a call, texts of at most 1 MiB each:
 * what is beyond is `too_large`. As protobuf asks, unknown fields are stepped over, of a field that comes twice the last counts, and a
 * message that comes twice merges. Numbers above what they may hold saturate (a uint64 at 2^53 − 1), bytes that are not UTF-8 read as U+FFFD,
 * and a wrapper that is there with 0 is a 0, not an absence.
 */
export function decodeRateLimitRequest(bytes: Buffer): DecodedRateLimit {
  try {
    return { ok: true, request: readCall(new WireReader(bytes)) }
  } catch (error) {
    return { ok: false, reason: error instanceof WireFault ? error.reason : 'malformed' }
  }
}

function readCall(reader: WireReader): RateLimitRequest {
  const descriptors: RateLimitDescriptor[] = []
  const tally: Tally = { entries: 0 }
  let domain = ''
  let hitsAddend = 0
  while (reader.next()) {
    if (reader.tag === call.descriptors) {
      if (descriptors.length === descriptorsMax) throw new WireFault('too_large')
      descriptors.push(readDescriptor(reader, tally))
    } else if (reader.tag === call.domain) domain = reader.boundedText(textBytesMax)
    else if (reader.tag === call.hitsAddend) hitsAddend = uint32(reader)
    else reader.skip()
  }
  return { domain, descriptors, hitsAddend }
}

function readDescriptor(reader: WireReader, tally: Tally): RateLimitDescriptor {
  const entries: DescriptorEntry[] = []
  const draft: Draft<RateLimitDescriptor> = { entries }
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === descriptor.entries) {
      tally.entries += 1
      if (tally.entries > entriesMax) throw new WireFault('too_large')
      entries.push(readEntry(reader))
    } else if (reader.tag === descriptor.hitsAddend) draft.hitsAddend = readWrapped(reader, draft.hitsAddend)
    else if (reader.tag === descriptor.isNegativeHits) readNegative(reader, draft)
    else if (reader.tag === descriptor.limit) draft.override = readOverride(reader, draft.override)
    else reader.skip()
  }
  reader.leave(outer)
  return draft
}

function readEntry(reader: WireReader): DescriptorEntry {
  let key = ''
  let value = ''
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === entry.key) key = reader.boundedText(textBytesMax)
    else if (reader.tag === entry.value) value = reader.boundedText(textBytesMax)
    else reader.skip()
  }
  reader.leave(outer)
  return { key, value }
}

/** google.protobuf.UInt64Value. */
function readWrapped(reader: WireReader, earlier = 0): number {
  let value = earlier
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === wrapper.value) value = reader.uint()
    else reader.skip()
  }
  reader.leave(outer)
  return value
}

function readNegative(reader: WireReader, draft: Draft<RateLimitDescriptor>): void {
  if (reader.uint() === 0) delete draft.isNegativeHits
  else draft.isNegativeHits = true
}

type Override = NonNullable<RateLimitDescriptor['override']>

function readOverride(reader: WireReader, earlier: Override = { requestsPerUnit: 0, unit: undefined }): Override {
  let { requestsPerUnit, unit } = earlier
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.tag === limit.requestsPerUnit) requestsPerUnit = uint32(reader)
    else if (reader.tag === limit.unit) unit = rateUnitOf(reader.uint())
    else reader.skip()
  }
  reader.leave(outer)
  return { requestsPerUnit, unit }
}

function uint32(reader: WireReader): number {
  return Math.min(reader.uint(), uint32Max)
}
