import { z } from 'zod'
import { Fault } from '../core/fault.ts'
import { line } from './fields.ts'

/** Where a list goes on, as text that only this list understands. */
export function cursorText(list: string, place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url')
}

/** The way back. Throws a `Fault` of code `bad_request` for whatever is not a cursor of this list. */
export function readCursor<Place extends z.ZodType>(text: string, list: string, place: Place): z.output<Place> {
  const [name, ...rest] = partsOf(text)
  const parsed = place.safeParse(rest)
  if (name === list && parsed.success) return parsed.data
  throw new Fault('bad_request', 'This cursor is not one of this list; begin without it')
}

function partsOf(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}

/** Of a list whose use case answers where it goes on as one text. */
export function afterOf(list: string, cursor: string | undefined): string | undefined {
  return cursor === undefined ? undefined : readCursor(cursor, list, z.tuple([line(200)]))[0]
}

export function nextOf(list: string, next: string | undefined): string | null {
  return next === undefined ? null : cursorText(list, [next])
}
