import type { ImportedRow } from './ratelimit-rows.ts'

/** Whether a `*` stands elsewhere than at the end: for any text, where envoyproxy/ratelimit takes it as it stands. */
export function hasInnerStar(value: string | undefined): boolean {
  return value !== undefined && /\*./s.test(value)
}

/** Values with such a `*`, each once: whoever imports them should know. */
export function innerStarsOf(rows: readonly ImportedRow[]): readonly string[] {
  const values = rows.flatMap(({ row }) => row.entries.map(({ value }) => value))
  return [...new Set(values.filter((value) => value !== undefined && hasInnerStar(value)))].sort() as readonly string[]
}
