import { Fault } from '../core/fault.ts'

const lengthMax = 500
const dayMs = 86_400_000
const daysMax = 400
/** Control characters, separators of lines, and what turns the direction of writing: none of it can be seen for what it is. */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u

/**
 * What somebody wrote in their own words, trimmed. Any markup in it is plain text for whoever shows it.
 * Throws a `Fault` of code `not_valid` above 500 characters, or with characters that cannot be seen.
 */
export function ownWords(text: string, what: 'reason' | 'note'): string {
  const length = [...text].length
  if (length > lengthMax)
    throw new Fault('not_valid', `A ${what} has at most ${lengthMax} characters, this one ${length}`)
  if (unseen.test(text) || !text.isWellFormed()) {
    throw new Fault('not_valid', `A ${what} is one line of text without control characters`)
  }
  return text.trim()
}

/** Throws a `Fault` of code `not_valid` unless the instant is ahead, by at most 400 days. */
export function assertAhead(untilMs: number, nowMs: number): void {
  if (!(untilMs > nowMs)) throw new Fault('not_valid', 'The time until when must be in the future')
  if (untilMs > nowMs + daysMax * dayMs) throw new Fault('not_valid', `Ask for ${daysMax} days at most`)
}
