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

/** The same; null for none. */
export function shownTimeOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : shownTime(atMs)
}

/** One line of text that people wrote: no control characters, no halves of letters. */
export function line(lengthMax: number) {
  return z
    .string()
    .max(lengthMax)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must be one line without control characters')
}
