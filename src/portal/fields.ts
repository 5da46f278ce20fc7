import { z } from 'zod'
import { utcTime } from '../core/calendar-text.ts'

/** The name of a row, as SQL writes it. */
export const slug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/, 'must be 1 to 64 of a-z, 0-9, ., _ and -')

/** RFC 3339 in UTC, to the second or finer. */
export const time = z.iso.datetime()

/** An instant in JSON. */
export function shownTime(atMs: number): string {
  return utcTime(atMs)
}
