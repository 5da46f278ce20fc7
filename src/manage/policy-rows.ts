import { Fault } from '../core/fault.ts'
import type { AdminTools, PolicyRow, PolicyTable } from './admin-ports.ts'
import { keyColumns, policyTable } from './policy-tables.ts'
import { policyValues } from './policy-value.ts'
import { type Actor, assertMay, byOf } from './who-may.ts'

const countMaxMax = 1_000
/** Nobody's own: only who may everything may. */
const everything = { account: 'everyone', project: '' }

type RowTools = Pick<AdminTools, 'rows'>

/** One row, by the values of its primary key in their order: an id, of a price tier the price and where the tier begins. */
interface RowWish {
  readonly actor: Actor
  readonly table: string
  readonly key: readonly string[]
}

export interface ListRows {
  readonly actor: Actor
  readonly table: string
  /** Columns that must be equal. */
  readonly where?: Readonly<Record<string, unknown>>
  /** `next` of the page before. */
  readonly after?: readonly string[]
  /** At most 1,000. */
  readonly countMax?: number
}

/**
 * Rows of a table of policy in the order of their keys, and its columns with what they mean. `next`: there are more after this key.
 * Throws a `Fault`: `forbidden`, `not_valid` (no such table or column, a value of another type), `policy_unavailable`.
 */
export async function listRows(
  { rows }: RowTools,
  { actor, table: name, where = {}, after, countMax = 100 }: ListRows,
): Promise<{ readonly table: PolicyTable; readonly rows: readonly PolicyRow[]; readonly next?: readonly string[] }> {
  assertMay(actor, 'manage everything', everything)
  const table = await policyTable(rows, name)
  const count = Math.min(countMaxMax, Math.max(1, Math.floor(countMax)))
  const page = { where: policyValues(table, where), countMax: count + 1, ...(after && { after: keyOf(table, after) }) }
  const found = await rows.list(table, page)
  const last = found.length > count ? found[count - 1] : undefined
  return {
    table,
    rows: found.slice(0, count),
    ...(last && { next: keyColumns(table).map((one) => String(last[one.name])) }),
  }
}

/** One row. Throws a `Fault`: `forbidden`, `not_found`, `not_valid`, `policy_unavailable`. */
export async function readRow({ rows }: RowTools, { actor, table: name, key }: RowWish): Promise<PolicyRow> {
  assertMay(actor, 'manage everything', everything)
  const table = await policyTable(rows, name)
  const [row] = await rows.list(table, { where: keyOf(table, key), countMax: 1 })
  if (row === undefined) throw noRow(table, key)
  return row
}

export interface WriteRow extends RowWish {
  /** By column. What is not named stays as it is, or takes its default in a new row; null empties. */
  readonly values: Readonly<Record<string, unknown>>
  /** Only if there is no such row yet, or only if there is. Absent: either; the last one wins. */
  readonly only?: 'new' | 'existing'
}

/**
 * Writes one row in one transaction, in the actor's name for the audit; answers it before and after. It is in force within a second.
 * Throws a `Fault`: `forbidden`; `not_valid` (no such table or column, a value of another type, a key that differs from the row's, or a rule
 * of the database, by name); `conflict` (`only: 'new'` and it is there, or another row has what must be unique); `not_found`
 * (`only: 'existing'`); `policy_unavailable`.
 */
export async function writeRow(
  { rows }: RowTools,
  { actor, table: name, key: keyTexts, values: given, only }: WriteRow,
): Promise<{ readonly old?: PolicyRow; readonly new: PolicyRow }> {
  assertMay(actor, 'manage everything', everything)
  const table = await policyTable(rows, name)
  const key = keyOf(table, keyTexts)
  const values = policyValues(table, given)
  for (const { name: column } of keyColumns(table)) {
    if (Object.hasOwn(values, column) && values[column] !== key[column])
      throw new Fault('not_valid', `The ${column} of a row of ${table.name} does not change: counters are kept by it`)
  }
  const rest = Object.fromEntries(Object.entries(values).filter(([column]) => !Object.hasOwn(key, column)))
  const written = await rows.write(table, { key, values: rest, ...(only && { only }), ...byOf(actor) })
  if (written.new !== undefined) return { ...written, new: written.new }
  if (only === 'existing') throw noRow(table, keyTexts)
  throw new Fault('conflict', `There is a row ${keyTexts.join(' ')} of ${table.name} already`)
}

export interface DeleteRow extends RowWish {
  /** It may be the last row of a table whose last rows otherwise stay in force, because an emptied table is taken for an accident. */
  readonly isLastMeant?: boolean
}

/**
 * Removes one row; answers it as it was.
 * Throws a `Fault`: `forbidden`, `not_found`, `conflict` (others refer to it, or it is the last and that was not meant), `policy_unavailable`.
 */
export async function deleteRow(
  { rows }: RowTools,
  { actor, table: name, key, isLastMeant = false }: DeleteRow,
): Promise<{ readonly old: PolicyRow }> {
  assertMay(actor, 'manage everything', everything)
  const table = await policyTable(rows, name)
  const old = await rows.remove(table, { key: keyOf(table, key), isLastMeant, ...byOf(actor) })
  if (old === undefined) throw noRow(table, key)
  return { old }
}

/** The key's texts as values of its columns. */
function keyOf(table: PolicyTable, texts: readonly string[]): PolicyRow {
  const columns = keyColumns(table)
  const values = table.keyHasCommas ? [texts.join(',')] : texts
  if (values.length !== columns.length) {
    const names = columns.map(({ name }) => name).join(' and ')
    throw new Fault('not_valid', `A row of ${table.name} is named by its ${names}`)
  }
  return policyValues(table, Object.fromEntries(columns.map(({ name }, index) => [name, values[index]])))
}

function noRow(table: PolicyTable, key: readonly string[]): Fault {
  return new Fault('not_found', `There is no row ${key.join(' ').slice(0, 140)} of ${table.name}`)
}
