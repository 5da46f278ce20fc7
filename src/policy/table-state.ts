import { lastKnown } from './last-known.ts'
import type { FormerRow, RawRow } from './ports.ts'
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

/** Rows on their way into force. */
export interface RowsDraft {
  take(rows: readonly RawRow[]): void
  /** Faulty rows that were taken without a last good version being known. */
  lacking(): readonly RawRow[]
  /** Takes such a row again, now that it is known what it was: newest first, beginning with what the log has of it now. */
  retake(row: RawRow, former: readonly FormerRow[]): void
  /** A row of which nothing can be in force. */
  miss(id: string, reason: string): void
}

/** A changed table in the making. */
export interface TableDraft<Noun> extends RowsDraft {
  /** Rows that are no longer there. */
  remove(ids: Iterable<string>): void
  /** Whether the table has come out empty, and neither on purpose nor so that what was in force tells what it had. */
  isUnexplained(emptied: { readonly isEmptyOnPurpose: boolean }): boolean
  /** Takes the rows of before an unexplained table was emptied. */
  readonly lost: RowsDraft
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
  const rows = draftRows(reader, { from, before })
  const lost = draftRows(reader, { from: emptyTable(), before: emptyTable() })
  let isTouched = from !== start || start !== before

  function isAccident(isEmptyOnPurpose: boolean): boolean {
    return rows.isEmpty() && reader.heldWhenEmptied && !isEmptyOnPurpose
  }

  return {
    ...rows,
    lost,
    take(taken) {
      // An empty batch says so much as that the table has been read.
      isTouched = true
      rows.take(taken)
    },
    remove(ids) {
      for (const id of ids) {
        isTouched = true
        rows.remove(id)
      }
    },
    isUnexplained: ({ isEmptyOnPurpose }) => isTouched && isAccident(isEmptyOnPurpose) && before.inForce.size === 0,
    finish({ isEmptyOnPurpose }) {
      if (!isTouched) return start
      if (!isAccident(isEmptyOnPurpose)) return rows.finish()
      const held = before.inForce.size > 0 ? before : lost.finish()
      const faults = [...held.faults].filter(([, { inForce }]) => inForce === 'nothing')
      const isHeld = held.inForce.size + faults.length > 0
      return { inForce: held.inForce, faults: new Map(faults), isHeld }
    },
  }
}

function draftRows<Noun>(
  reader: TableReader<Noun>,
  { from, before }: { readonly from: TableState<Noun>; readonly before: TableState<Noun> },
) {
  const { table } = reader
  const inForce = from.inForce.draft()
  const faults = new Map(from.faults)
  const lacking = new Map<string, RawRow>()

  function take(row: RawRow): void {
    const id = String(row['id'])
    lacking.delete(id)
    const read = reader.read(row)
    if (read.ok) {
      inForce.set(id, read.noun)
      faults.delete(id)
      return
    }
    const known = before.inForce.get(id)
    if (known === undefined) lacking.set(id, row)
    quarantine(row, { reasons: read.reasons, known })
  }

  function quarantine(row: RawRow, fault: { readonly reasons: readonly string[]; readonly known: Noun | undefined }) {
    const id = String(row['id'])
    const substitute = reader.substitute(row, fault.known)
    if (substitute) inForce.set(id, substitute.noun)
    else inForce.delete(id)
    faults.set(id, { table, id, reasons: fault.reasons, inForce: substitute?.inForce ?? 'nothing' })
  }

  return {
    take(rows: readonly RawRow[]) {
      for (const row of rows) take(row)
    },
    remove(id: string) {
      inForce.delete(id)
      faults.delete(id)
      lacking.delete(id)
    },
    lacking: () => [...lacking.values()],
    retake(row: RawRow, former: readonly FormerRow[]) {
      const known = lastKnown(reader, former)
      const { reasons = [] } = faults.get(String(row['id'])) ?? {}
      if (known !== undefined) quarantine(row, { reasons, known })
    },
    miss(id: string, reason: string) {
      faults.set(id, { table, id, reasons: [reason], inForce: 'nothing' })
    },
    isEmpty: () => inForce.size === 0 && faults.size === 0,
    finish: (): TableState<Noun> => ({ inForce: inForce.finish(), faults, isHeld: false }),
  }
}

/** Everything that is wrong with the table, by id. */
export function faultsOf<Noun>({ table }: TableReader<Noun>, state: TableState<Noun>): readonly PolicyFault[] {
  const faults = [...state.faults.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  if (!state.isHeld) return faults
  const reasons = [`the table is empty; SELECT tollgate.confirm_emptied('${table}') if that is meant`]
  return [{ table, id: '*', reasons, inForce: 'rows before it was emptied' }, ...faults]
}
