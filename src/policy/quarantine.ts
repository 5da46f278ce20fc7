import type { RawRow, TableName } from './ports.ts'

/** What is in force although a row is faulty. */
export type InForce =
  | 'last good version'
  | 'stricter of old and new'
  | 'denies'
  | 'denies if its domain does'
  | 'what can be read of it'
  | 'nothing'
  | 'rows before it was emptied'

/** A row (or an emptied table, id `*`) that is not in force as it stands in the database. */
export interface PolicyFault {
  readonly table: TableName
  readonly id: string
  /** Names of the broken constraints, or what is wrong with a column. */
  readonly reasons: readonly string[]
  readonly inForce: InForce
  /** How many rows it stands for, where that is not one. */
  readonly rows?: number
}

/** Rows that are not in force, those included that are only numbered. */
export function rowsOf(faults: readonly PolicyFault[]): number {
  return faults.reduce((sum, { rows = 1 }) => sum + rows, 0)
}

export type ReadRow<Noun> =
  | { readonly ok: true; readonly noun: Noun }
  | { readonly ok: false; readonly reasons: readonly string[] }

export interface Substitute<Noun> {
  readonly noun: Noun
  readonly inForce: InForce
}

/** How the rows of one table become nouns of core. */
export interface TableReader<Noun> {
  readonly table: TableName
  /** Checks what the table's constraints check, so a row that got past them does no harm. */
  read(row: RawRow): ReadRow<Noun>
  /** What takes the place of a faulty row; undefined: nothing. */
  substitute(row: RawRow, before: Noun | undefined): Substitute<Noun> | undefined
  /** An emptied table is taken for an accident until it is confirmed. */
  readonly heldWhenEmptied: boolean
}

/** A faulty row leaves its last good version in force. */
export function lastGood<Noun>(_row: RawRow, before: Noun | undefined): Substitute<Noun> | undefined {
  return before && { noun: before, inForce: 'last good version' }
}
