import type { RawRow } from './ports.ts'
import type { PolicyFault, TableReader } from './quarantine.ts'
import { ShardedMap } from './sharded-map.ts'

/** One table of the policy in force. Immutable. */
export interface TableState<Noun> {
  readonly inForce: ShardedMap<Noun>
  readonly faults: ReadonlyMap<string, PolicyFault>
  /** The table is empty in the database without anyone having confirmed it: the rows before are in force. */
  readonly isHeld: boolean
}

export function emptyTable<Noun>(): TableState<Noun> {
  return { inForce: new ShardedMap(), faults: new Map(), isHeld: false }
}

/** A changed table in the making. */
export interface TableDraft<Noun> {
  take(rows: readonly RawRow[]): void
  /** Rows that are no longer there. */
  remove(ids: Iterable<string>): void
  finish(options: { readonly isEmptyOnPurpose: boolean }): TableState<Noun>
}

/**
 * Starts from `start` (an empty table when everything is read anew) and looks up last good versions in `before`.
 * A table that comes out empty although `before` was not stays as it was, if its reader says so, until that is confirmed.
 */
export function draftTable<Noun>(
  reader: TableReader<Noun>,
  { start, before }: { readonly start: TableState<Noun>; readonly before: TableState<Noun> },
): TableDraft<Noun> {
  // What is held is not in the database: a new row there is the only one.
  const from = start.isHeld ? emptyTable<Noun>() : start
  const inForce = from.inForce.draft()
  const faults = new Map(from.faults)
  let isTouched = from !== start

  function take(row: RawRow): void {
    const id = String(row['id'])
    const read = reader.read(row)
    if (read.ok) {
      inForce.set(id, read.noun)
      faults.delete(id)
      return
    }
    const substitute = reader.substitute(row, before.inForce.get(id))
    if (substitute) inForce.set(id, substitute.noun)
    else inForce.delete(id)
    faults.set(id, { table: reader.table, id, reasons: read.reasons, inForce: substitute?.inForce ?? 'nothing' })
  }

  return {
    take(rows) {
      isTouched ||= rows.length > 0
      for (const row of rows) take(row)
    },
    remove(ids) {
      for (const id of ids) {
        isTouched = true
        inForce.delete(id)
        faults.delete(id)
      }
    },
    finish({ isEmptyOnPurpose }) {
      if (!isTouched && start === before) return start
      const finished = { inForce: inForce.finish(), faults, isHeld: false }
      const isEmpty = finished.inForce.size === 0 && faults.size === 0
      const isAccident = isEmpty && reader.heldWhenEmptied && !isEmptyOnPurpose && before.inForce.size > 0
      return isAccident ? { inForce: before.inForce, faults: new Map(), isHeld: true } : finished
    },
  }
}

/** Everything that is wrong with the table, by id. */
export function faultsOf<Noun>({ table }: TableReader<Noun>, state: TableState<Noun>): readonly PolicyFault[] {
  if (!state.isHeld) return [...state.faults.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  const reasons = [`the table is empty; SELECT tollgate.confirm_emptied('${table}') if that is meant`]
  return [{ table, id: '*', reasons, inForce: 'rows before it was emptied' }]
}
