import type { Grant } from '../core/grant.ts'
import type { RawRow, TableName } from './ports.ts'
import type { TableState } from './table-state.ts'

/** The longest window is a month, and what packs paid is settled for 34 days: what ended longer ago says nothing any more. */
export const endedGrantsKeptMs = 35 * 86_400_000

interface Rows {
  readonly table: TableName
  readonly rows: readonly RawRow[]
}

/** Without grants that ended before `sinceMs`. One whose end cannot be read stays, so that it is found to be faulty. */
export function withoutEndedGrants<Batch extends Rows>(batch: Batch, sinceMs: number): Batch {
  if (batch.table !== 'grant') return batch
  const isOver = ({ ends_at_ms: endMs }: RawRow): boolean => typeof endMs === 'number' && endMs < sinceMs
  return batch.rows.some(isOver) ? { ...batch, rows: batch.rows.filter((row) => !isOver(row)) } : batch
}

/**
 * Ids of grants in force that ended before `sinceMs`, of one part of them all: each change of policy looks at another part, so that what is
 * kept does not grow in a process that never reads everything anew. Faulty rows stay, to be told of.
 */
export function endedGrants(
  { inForce, faults }: TableState<Grant>,
  { sinceMs, nth }: { readonly sinceMs: number; readonly nth: number },
): readonly string[] {
  const ended: string[] = []
  for (const [id, { endMs }] of inForce.part(nth)) if (endMs < sinceMs && !faults.has(id)) ended.push(id)
  return ended
}
