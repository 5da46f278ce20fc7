import { Fault } from '../../core/fault.ts'
import type { RateLimitRequest } from './rate-limit-words.ts'

/** Far above what a route has: Envoy makes one descriptor per configured rate limit. Each may be a counter of the store. */
const descriptorsMax = 100
/** Twice the longest path of a rule: a longer descriptor matches nothing. */
const entriesMax = 20
/** Every value is held against patterns and hashed; a header, and so a value, of a request has at most 60 KiB by Envoy's default. */
const lengthMax = 65_536

/**
 * Lets pass what can be counted in bounded time and memory. @throws Fault `bad_request` for anything larger: to match nothing and pass would
 * be the way around every limit.
 */
export function checkBounds({ domain, descriptors }: RateLimitRequest): void {
  if (domain.length > lengthMax) throw tooLarge(`A domain has at most ${lengthMax} characters, is ${domain.length}`)
  if (descriptors.length > descriptorsMax)
    throw tooLarge(`A call has at most ${descriptorsMax} descriptors, has ${descriptors.length}`)
  for (const { entries } of descriptors) {
    if (entries.length > entriesMax)
      throw tooLarge(`A descriptor has at most ${entriesMax} entries, has ${entries.length}`)
    for (const { key, value } of entries) {
      const length = Math.max(key.length, value.length)
      if (length > lengthMax) throw tooLarge(`A key or value has at most ${lengthMax} characters, has ${length}`)
    }
  }
}

function tooLarge(message: string): Fault {
  return new Fault('bad_request', message)
}
