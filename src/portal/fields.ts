import { z } from 'zod'
import { utcTime } from '../core/calendar-text.ts'

/** The name of a row, as SQL writes it. */
export const slug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/, 'must be 1 to 64 of a-z, 0-9, ., _ and -')

/** RFC 3339 in UTC, to the second or finer. */
export const time = z.iso.datetime()

/** An instant in JSON. What SQL wrote has microseconds. */
export function shownTime(atMs: number): string {
  return utcTime(Math.floor(atMs))
}

/** One line of text that people wrote: no control characters, no halves of letters. */
export function line(lengthMax: number) {
  return z
    .string()
    .max(lengthMax)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must be one line without control characters')
}

/** An instant that somebody asks for, as epoch milliseconds. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant such as 2026-11-22T10:00:00Z' })
  .transform((text) => Date.parse(text))

/** An amount in the unit of `limit_rule.amount`, at most three decimals, as the decimal text that use cases take. */
export const amount = z
  .number()
  .positive()
  .max(4_503_599_627_370_496)
  .refine((number) => /^\d{1,16}(\.\d{1,3})?$/.test(String(number)), 'must have at most three decimals')
  .transform(String)
