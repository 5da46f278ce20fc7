import type { DescriptorStatus, RateLimitAnswer } from '../check/rate-limit/rate-limit-words.ts'
import type { Header } from '../core/verdict.ts'
import type { DroppedHeader } from './check-response.ts'
import { durationOf, sendableHeaders, uint32 } from './rate-limit-fields.ts'
import { rateUnitNumber } from './rate-limit-unit.ts'
import { writeStruct } from './struct-writer.ts'
import { WireWriter } from './wire-writer.ts'

const codes = { ok: 1, over_limit: 2 } as const

// Field numbers of envoy.service.ratelimit.v3.RateLimitResponse (proto/envoy/service/ratelimit/v3/rls.proto).
const answerField = { code: 1, statuses: 2, responseHeaders: 3, rawBody: 5, metadata: 6 }
const statusField = { code: 1, limit: 2, remaining: 3, untilReset: 4 }
const limitField = { requestsPerUnit: 1, unit: 2, name: 3 }
const durationField = { seconds: 1, nanos: 2 }
const pairField = { key: 1, value: 2 }

const writer = new WireWriter()

/**
 * An answer as an encoded RateLimitResponse. The overall code is never UNKNOWN, which Envoy lets pass. Numbers saturate at what their field
 * holds and never wrap. Header names outside the closed list and values outside printable ASCII are left out and told to `onDropped`.
 * A body and its content-type go with `over_limit` only: Envoy appends headers to what the upstream answered (seen with 1.40).
 */
export function encodeRateLimitResponse(answer: RateLimitAnswer, onDropped: DroppedHeader = () => {}): Buffer {
  const { code, statuses, metadata, body = '' } = answer
  writer.reset()
  if (metadata !== undefined) writeStruct(writer, answerField.metadata, metadata)
  if (body !== '' && code !== 'ok') writer.text(answerField.rawBody, body)
  writeHeaders(sendableHeaders(answer, onDropped))
  for (let index = statuses.length - 1; index >= 0; index -= 1) writeStatus(statuses[index])
  writer.uint(answerField.code, codes[code])
  return writer.finish()
}

/** Written from the last to the first, as the writer goes backwards; so is every field below. */
function writeHeaders(headers: readonly Header[]): void {
  for (let index = headers.length - 1; index >= 0; index -= 1) {
    const header = headers[index]
    if (header === undefined) continue
    const end = writer.mark()
    writer.ascii(pairField.value, header.value)
    writer.ascii(pairField.key, header.name)
    writer.message(answerField.responseHeaders, end)
  }
}

function writeStatus(status: DescriptorStatus | undefined): void {
  if (status === undefined) return
  const { code, limit, remaining, resetMs } = status
  const end = writer.mark()
  if (resetMs !== undefined) writeDuration(resetMs)
  writeUint(statusField.remaining, uint32(remaining))
  if (limit !== undefined) writeLimit(limit)
  writer.uint(statusField.code, codes[code])
  writer.message(answerField.statuses, end)
}

function writeLimit({ requestsPerUnit, unit, name }: NonNullable<DescriptorStatus['limit']>): void {
  const end = writer.mark()
  if (name !== '') writer.text(limitField.name, name)
  writeUint(limitField.unit, rateUnitNumber(unit))
  writeUint(limitField.requestsPerUnit, uint32(requestsPerUnit))
  writer.message(statusField.limit, end)
}

function writeDuration(ms: number): void {
  const { seconds, nanos } = durationOf(ms)
  const end = writer.mark()
  writeUint(durationField.nanos, nanos)
  writeUint(durationField.seconds, seconds)
  writer.message(statusField.untilReset, end)
}

/** A 0 is not written: proto3 reads an absent number as 0. */
function writeUint(field: number, value: number): void {
  if (value !== 0) writer.uint(field, value)
}
