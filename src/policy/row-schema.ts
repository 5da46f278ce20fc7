import { z } from 'zod'
import type { RawRow } from './ports.ts'
import type { ReadRow } from './quarantine.ts'

/** A rule over several columns, by the name of the constraint that says the same in SQL. */
export type RowRule<Row> = readonly [constraint: string, holds: (row: Row) => boolean]

/** A reader of rows: `shape` column by column (unknown columns are faults), then every rule; all faults of a row at once. */
export function rowReader<Shape extends z.ZodObject, Noun>(
  shape: Shape,
  rules: readonly RowRule<z.output<Shape>>[],
  nounOf: (row: z.output<Shape>) => Noun,
): (row: RawRow) => ReadRow<Noun> {
  return (raw) => {
    const parsed = shape.safeParse(raw)
    if (!parsed.success) return { ok: false, reasons: [...new Set(parsed.error.issues.map(reasonOf))] }
    const row = parsed.data
    const broken = rules.filter(([, holds]) => !holds(row))
    return broken.length === 0 ? { ok: true, noun: nounOf(row) } : { ok: false, reasons: broken.map(([name]) => name) }
  }
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (/^[a-z0-9_]+$/.test(issue.message)) return issue.message
  return `${issue.path.join('.') || 'row'}: ${issue.message}`
}

/** An id typed by hand; the domain `tollgate.slug`. */
export const slug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/, { error: 'slug_is_lower_case_and_short' })

/** One of the given words, or the named constraint is broken. */
export function oneOf<const Word extends string>(words: readonly Word[], constraint: string): z.ZodType<Word> {
  return z.enum(words as readonly [Word, ...Word[]], { error: constraint })
}

/** 0 … 255, or the named constraint is broken. */
export function partition(constraint: string): z.ZodType<number> {
  return z.int({ error: constraint }).min(0, { error: constraint }).max(255, { error: constraint })
}

const knownZones = new Map<string, boolean>()
const zonesMax = 2_000

/** A time zone that both PostgreSQL's rule and this process know. */
export function isTimeZone(zone: string): boolean {
  const known = knownZones.get(zone)
  if (known !== undefined) return known
  const answer = /^(UTC|[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)+)$/.test(zone) && isKnownHere(zone)
  if (knownZones.size < zonesMax) knownZones.set(zone, answer)
  return answer
}

function isKnownHere(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
