import { createHash } from 'node:crypto'
import type { LimitRow } from '../import-ports.ts'

/** Which format a row came from: the first letters of its id. */
export type ImportKind = 'rl' | 'lm'

const idLengthMax = 64
const digestLength = 16

/**
 * The id of an imported row, made from what it is about: readable, and the same at each import. What tells two limits of one path apart
 * is part of it only where the format has several.
 */
export function importedId(
  kind: ImportKind,
  { domain, entries, unit, units }: Pick<LimitRow, 'domain' | 'entries' | 'unit' | 'units'>,
): string {
  const path = entries.map(({ key, value }) => (value === undefined ? [key] : [key, value]))
  const told = kind === 'rl' ? [domain, path] : [domain, path, unit, units ?? 1]
  const digest = createHash('sha256')
    .update(JSON.stringify([kind, ...told]))
    .digest('hex')
    .slice(0, digestLength)
  const words = [domain, ...path.flat()]
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[-._]+/, '')
  const readable = `${kind}-${words}`.slice(0, idLengthMax - digestLength - 1).replace(/[-._]+$/, '')
  return `${readable}-${digest}`
}

/** Whether an import of this format made the row: its id says what it is about. A row that was given another path since is by hand. */
export function isImported(kind: ImportKind, row: LimitRow): boolean {
  return row.id === importedId(kind, row)
}
