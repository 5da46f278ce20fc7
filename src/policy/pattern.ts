import { LRUCache } from 'lru-cache'
import { RE2JS } from 're2js'

const patternLengthMax = 200
const compiledMax = 1_000
const textLengthMax = 1_000

const compiled = new LRUCache<string, RE2JS>({ max: compiledMax })

/** True when RE2 takes the pattern: linear time, no look-around, no back-references. */
export function isPattern(pattern: string): boolean {
  return pattern.length > 0 && pattern.length <= patternLengthMax && compile(pattern) !== undefined
}

/** Whether the pattern matches the whole text. A pattern that is none, or a text of more than 1,000 characters, matches nothing. */
export function matchesPattern(pattern: string, text: string): boolean {
  return text.length <= textLengthMax && (compile(pattern)?.matches(text) ?? false)
}

function compile(pattern: string): RE2JS | undefined {
  const found = compiled.get(pattern)
  if (found !== undefined) return found
  try {
    const made = RE2JS.compile(pattern)
    compiled.set(pattern, made)
    return made
  } catch {
    return undefined
  }
}
