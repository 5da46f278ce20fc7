import { z } from 'zod'
import type {
  DescriptorStatus,
  RateLimitAnswer,
  RateLimitDescriptor,
  RateLimitRequest,
} from '../check/rate-limit/rate-limit-words.ts'
import { type RateUnit, rateUnits } from '../core/descriptor-rule.ts'
import type { DroppedHeader } from './check-response.ts'
import { faultsIn, fieldOf, maybe, messageOf, sizeFault } from './proto-json.ts'
import { durationOf, sendableHeaders, uint32 } from './rate-limit-fields.ts'
import { rateUnitOf } from './rate-limit-unit.ts'

export type DecodedRateLimitJson =
  | { readonly ok: true; readonly request: RateLimitRequest }
  /** What is wrong, each in a sentence that names its place. */
  | { readonly ok: false; readonly faults: readonly string[] }

const uint32Max = 0xffffffff
const uint64Max = 2 ** 64

const text = fieldOf('a text', (value) => (typeof value === 'string' ? value.toWellFormed() : undefined))
const flag = fieldOf('true or false', (value) => (typeof value === 'boolean' ? value : undefined))
const small = fieldOf(`a whole number from 0 to ${uint32Max}`, (value) => wholeNumber(value, uint32Max))
const large = fieldOf('a plain value, a whole number from 0 to 2^64 − 1', (value) => {
  const number = wholeNumber(value, uint64Max)
  return number === undefined ? undefined : Math.min(number, Number.MAX_SAFE_INTEGER)
})
/** `none`: a number that is no unit, which protobuf lets through. */
const unit = fieldOf(
  `a unit (${rateUnits.map(shownUnit).join(', ')}) or its number`,
  (value): RateUnit | 'none' | undefined => {
    if (value === 'UNKNOWN') return 'none'
    if (typeof value === 'string') return rateUnits.find((one) => shownUnit(one) === value)
    return typeof value === 'number' && Number.isInteger(value) ? (rateUnitOf(value) ?? 'none') : undefined
  },
)

const list = { error: 'must be a list' }
const entry = messageOf({ key: text, value: text })
const override = messageOf({ requests_per_unit: small, unit })
const descriptor = messageOf({
  entries: maybe(z.array(entry, list)),
  limit: maybe(override),
  hits_addend: large,
  is_negative_hits: flag,
})
const call = messageOf({ domain: text, descriptors: maybe(z.array(descriptor, list)), hits_addend: small })

/**
 * Reads a RateLimitRequest in protobuf's JSON: names in camel case or as in the .proto, enums by name or number, whole numbers also as text,
 * wrappers as plain values, null as absent. Unknown fields are faults. Bounds are those of `decodeRateLimitRequest`. Never throws.
 */
export function decodeRateLimitJson(bytes: Buffer): DecodedRateLimitJson {
  const parsed = parse(bytes)
  if (typeof parsed === 'string') return { ok: false, faults: [parsed] }
  const tooLarge = sizeFault(parsed.value)
  if (tooLarge !== undefined) return { ok: false, faults: [tooLarge] }
  const read = call.safeParse(parsed.value)
  if (!read.success) return { ok: false, faults: faultsIn(read.error.issues) }
  const { domain = '', descriptors = [], hits_addend: hitsAddend = 0 } = read.data
  return { ok: true, request: { domain, hitsAddend, descriptors: descriptors.map(descriptorOf) } }
}

/** The value, or what keeps it from being JSON. */
function parse(bytes: Buffer): { readonly value: unknown } | string {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch (error) {
    return `The body must be JSON in UTF-8: ${error instanceof Error ? error.message.slice(0, 200) : 'it is not'}`
  }
}

function descriptorOf({
  entries = [],
  limit,
  hits_addend,
  is_negative_hits,
}: z.output<typeof descriptor>): RateLimitDescriptor {
  return {
    entries: entries.map(({ key = '', value = '' }) => ({ key, value })),
    ...(hits_addend !== undefined && { hitsAddend: hits_addend }),
    ...(is_negative_hits === true && { isNegativeHits: true }),
    ...(limit && { override: overrideOf(limit) }),
  }
}

function overrideOf({ requests_per_unit: requestsPerUnit = 0, unit: given = 'none' }: z.output<typeof override>) {
  return { requestsPerUnit, unit: given === 'none' ? undefined : given }
}

function wholeNumber(value: unknown, max: number): number | undefined {
  const number = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= max ? number : undefined
}

function shownUnit(one: RateUnit): string {
  return one.toUpperCase()
}

const codes = { ok: 'OK', over_limit: 'OVER_LIMIT' } as const

/** An answer as a RateLimitResponse in protobuf's JSON, with what `encodeRateLimitResponse` sends. Fields that hold their default are left out. */
export function encodeRateLimitJson(answer: RateLimitAnswer, onDropped: DroppedHeader = () => {}): string {
  const { code, statuses, body = '', metadata } = answer
  const headers = sendableHeaders(answer, onDropped)
  return JSON.stringify({
    overallCode: codes[code],
    statuses: present(statuses.map(shownStatus)),
    responseHeadersToAdd: present(headers.map(({ name, value }) => ({ key: name, value }))),
    rawBody: code === 'ok' || body === '' ? undefined : Buffer.from(body).toString('base64'),
    dynamicMetadata: metadata,
  })
}

function shownStatus({ code, limit, remaining, resetMs }: DescriptorStatus): object {
  return {
    code: codes[code],
    currentLimit: limit && {
      requestsPerUnit: uint32(limit.requestsPerUnit) || undefined,
      unit: limit.unit && shownUnit(limit.unit),
      name: limit.name || undefined,
    },
    limitRemaining: uint32(remaining) || undefined,
    durationUntilReset: resetMs === undefined ? undefined : shownDuration(resetMs),
  }
}

/** Seconds with no or three decimals, as protobuf writes whole milliseconds. */
function shownDuration(ms: number): string {
  const { seconds, nanos } = durationOf(ms)
  return nanos === 0 ? `${seconds}s` : `${seconds}.${String(nanos / 1_000_000).padStart(3, '0')}s`
}

function present<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
}
