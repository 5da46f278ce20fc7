import type { RateLimitAnswer } from '../check/rate-limit/rate-limit-words.ts'
import type { Header } from '../core/verdict.ts'
import type { DroppedHeader } from './check-response.ts'

const uint32Max = 0xffffffff
/** Of google.protobuf.Duration: 10,000 years. */
const secondsMax = 315_576_000_000

// Envoy adds what it is told to; so there is a closed list of what is ever sent.
const ownPrefix = 'x-tollgate-'
const names = new Set([
  'cache-control',
  'content-language',
  'content-type',
  'link',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'vary',
  'x-content-type-options',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-should-retry',
])
/** What describes a body of ours; of an upstream's answer, which these would be appended to, they would lie. */
const bodyNames = new Set(['content-type', 'content-language'])
const printableAscii = /^[\x20-\x7e]*$/

/** A whole number that a uint32 field holds: saturated, never wrapped; no number is 0. */
export function uint32(value: number): number {
  return value > 0 ? Math.floor(Math.min(value, uint32Max)) : 0
}

/** A google.protobuf.Duration of this many milliseconds, rounded up to a whole one; below 0 is 0. */
export function durationOf(ms: number): { readonly seconds: number; readonly nanos: number } {
  const whole = ms > 0 ? Math.ceil(Math.min(ms, secondsMax * 1_000)) : 0
  return { seconds: Math.floor(whole / 1_000), nanos: (whole % 1_000) * 1_000_000 }
}

/** The response headers of an answer that may be sent; the others are told to `onDropped`. */
export function sendableHeaders(
  { code, responseHeaders }: Pick<RateLimitAnswer, 'code' | 'responseHeaders'>,
  onDropped: DroppedHeader,
): readonly Header[] {
  return responseHeaders.filter(({ name, value }) => {
    const isKnown = names.has(name) || (name.startsWith(ownPrefix) && /^[a-z0-9-]+$/.test(name))
    const isClean = printableAscii.test(value)
    if (!isKnown || (code === 'ok' && bodyNames.has(name))) onDropped(name, 'unknown_name')
    else if (!isClean) onDropped(name, 'bad_value')
    else return true
    return false
  })
}
