import type { LimitView } from './limit-view.ts'
import type { CountedQuantity } from './quantity.ts'
import { wholeAmount } from './shown-amount.ts'
import type { Header } from './verdict.ts'

/** More limits than this are not told: headers have a size. */
const limitsMax = 8
/** The largest integer of a structured field (RFC 9651 §3.3.1). */
const integerMax = 999_999_999_999_999

/** Quota units: `requests` is the default, `content-bytes` and `concurrent-requests` are the draft's; the others are ours. */
const units: Readonly<Record<CountedQuantity, string>> = {
  requests: 'requests',
  credits: 'credits',
  bytes: 'content-bytes',
  gpu_ms: 'gpu-seconds',
  in_flight: 'concurrent-requests',
}

/**
 * RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-10 for the enforced limits whose counters are known:
 * `"daily";q=10000;qu="credits";w=86400` and `"daily";r=9990;t=3600`. A rate's quota is its burst and its window a full refill, so that
 * `r` never exceeds `q`. No headers when there is no such limit.
 */
export function rateLimitHeaders(views: readonly LimitView[]): readonly Header[] {
  let policies = ''
  let states = ''
  let told = 0
  for (const view of views) {
    if (!view.enforced || view.used === undefined || told === limitsMax) continue
    const name = headerName(view.name)
    const separator = told === 0 ? '' : ', '
    policies += `${separator}${name}${policy(view)}`
    states += `${separator}${name}${state(view)}`
    told += 1
  }
  if (told === 0) return []
  return [
    { name: 'ratelimit-policy', value: policies },
    { name: 'ratelimit', value: states },
  ]
}

function policy({ counts, amount, periodMs }: LimitView): string {
  const unit = counts === 'requests' ? '' : `;qu="${units[counts]}"`
  return `;q=${headerInteger(wholeAmount(counts, amount))}${unit};w=${headerSeconds(periodMs)}`
}

/** Remaining is rounded down: what is told to be there, is. */
function state({ counts, amount, used = 0, resetAfterMs }: LimitView): string {
  const remaining = Math.max(0, wholeAmount(counts, amount) - wholeAmount(counts, used))
  return `;r=${headerInteger(remaining)};t=${headerSeconds(resetAfterMs)}`
}

const plainName = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** A limit's name as a string of a structured field (RFC 9651 §3.3.3); characters that such a string cannot hold become `?`. */
export function headerName(name: string): string {
  if (plainName.test(name)) return `"${name}"`
  return `"${name.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`
}

/** Whole seconds, rounded up. */
export function headerSeconds(ms: number): number {
  return headerInteger(Math.ceil(ms / 1000))
}

/** At most what a structured field can hold. */
export function headerInteger(value: number): number {
  return Math.min(value, integerMax)
}
