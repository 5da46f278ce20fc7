import { readFileSync } from 'node:fs'
import pg, { type Pool, type PoolClient } from 'pg'
import { Fault } from '../core/fault.ts'
import type { PolicyColumn, PolicyRow, PolicyRowPage, PolicyRowStore, PolicyTable } from '../manage/admin-ports.ts'
import { inTransactionBy } from './acting.ts'
import { asRowFault } from './row-refusal.ts'

const columnsQuery = readFileSync(new URL('./queries/admin-columns.sql', import.meta.url), 'utf8')

interface ColumnRow {
  readonly name: string
  readonly type: string
  readonly decimals: number | null
  readonly is_nullable: boolean
  readonly is_writable: boolean
  readonly key_place: number | null
  readonly comment: string
}

type Queryable = Pick<Pool | PoolClient, 'query'>

/** Rows of policy in PostgreSQL; see `PolicyRowStore`. Identifiers are quoted, and only those that the catalogue gave. */
export function createPostgresPolicyRows(pool: Pool): PolicyRowStore {
  return {
    columns: (table) =>
      asRowFault(pool, async () => (await pool.query<ColumnRow>(columnsQuery, [table])).rows.map(columnOf)),
    list: (table, page) => asRowFault(pool, () => list(pool, table, page)),
    write: (table, { by, ...write }) =>
      asRowFault(pool, () =>
        inTransactionBy(pool, by, async (client) => {
          const old = await lockedRow(client, table, write.key)
          if (write.only === (old === undefined ? 'existing' : 'new')) return { ...(old && { old }) }
          const text = old === undefined ? insertText(table, write) : updateText(table, write)
          await client.query(
            text,
            bound(table, old === undefined ? [write.key, write.values] : [write.values, write.key]),
          )
          const [written] = await list(client, table, { where: write.key, countMax: 1 })
          return { ...(old && { old }), ...(written && { new: written }) }
        }),
      ),
    remove: (table, { by, key, isLastMeant }) =>
      asRowFault(pool, () =>
        inTransactionBy(pool, by, async (client) => {
          if (table.isHeldWhenEmptied) await lockTable(client, table)
          const old = await lockedRow(client, table, key)
          if (old === undefined) return undefined
          const { sql, values } = condition(table, [key])
          await client.query(`DELETE FROM ${nameOf(table)} WHERE ${sql}`, values)
          if (table.isHeldWhenEmptied) await confirmEmptied(client, table, isLastMeant)
          return old
        }),
      ),
  }
}

function columnOf(row: ColumnRow): PolicyColumn {
  const { name, type, decimals, comment, key_place: keyPlace } = row
  return {
    ...{ name, type, comment, isNullable: row.is_nullable, isWritable: row.is_writable },
    ...(decimals !== null && { decimals }),
    ...(keyPlace !== null && { keyPlace }),
  }
}

async function list(
  database: Queryable,
  table: PolicyTable,
  { where, after, countMax }: PolicyRowPage,
): Promise<readonly PolicyRow[]> {
  const keys = table.columns
    .filter(({ keyPlace }) => keyPlace !== undefined)
    .sort((left, right) => (left.keyPlace ?? 0) - (right.keyPlace ?? 0))
  // By the table's own columns: a name alone would mean the text that is shown.
  const order = keys.map(({ name }) => `kept.${pg.escapeIdentifier(name)}`).join(', ')
  const { sql, values } = condition(table, [where])
  const since =
    after === undefined
      ? ''
      : ` AND (${order}) > (${keys.map((key, index) => place(key, values.length + index)).join(', ')})`
  const rest = after === undefined ? [] : keys.map(({ name }) => after[name])
  const text = `SELECT to_jsonb(row.*) AS row FROM (
    SELECT ${table.columns.map(shownColumn).join(', ')} FROM ${nameOf(table)} AS kept WHERE ${sql}${since} ORDER BY ${order} LIMIT ${Math.floor(countMax)}) AS row`
  return (await database.query<{ row: PolicyRow }>(text, [...values, ...rest])).rows.map(({ row }) => row)
}

async function lockedRow(client: PoolClient, table: PolicyTable, key: PolicyRow): Promise<PolicyRow | undefined> {
  const { sql, values } = condition(table, [key])
  await client.query(`SELECT FROM ${nameOf(table)} WHERE ${sql} FOR UPDATE`, values)
  return (await list(client, table, { where: key, countMax: 1 }))[0]
}

/** Two removals at once would each see the other's row as the last. */
async function lockTable(client: PoolClient, table: PolicyTable): Promise<void> {
  await client.query(`LOCK TABLE ${nameOf(table)} IN SHARE ROW EXCLUSIVE MODE`)
}

async function confirmEmptied(client: PoolClient, table: PolicyTable, isMeant: boolean): Promise<void> {
  const { rowCount } = await client.query(`SELECT FROM ${nameOf(table)} LIMIT 1`)
  if (rowCount !== 0) return
  if (!isMeant) {
    const said = 'an emptied table is taken for an accident, and its last rows stay in force'
    throw new Fault('conflict', `It is the last row of ${table.name}: ${said}; say that the last one is meant`)
  }
  await client.query('SELECT tollgate.confirm_emptied($1)', [table.name])
}

type Write = Pick<Parameters<PolicyRowStore['write']>[1], 'key' | 'values'>

function insertText(table: PolicyTable, { key, values }: Write): string {
  const columns = named(table, [key, values])
  const names = columns.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
  return `INSERT INTO ${nameOf(table)} (${names}) VALUES (${columns.map(place).join(', ')})`
}

/** Without a column to change it only looks. */
function updateText(table: PolicyTable, { key, values }: Write): string {
  const columns = named(table, [values])
  const where = named(table, [key])
    .map((column, index) => `${pg.escapeIdentifier(column.name)} = ${place(column, columns.length + index)}`)
    .join(' AND ')
  if (columns.length === 0) return `SELECT FROM ${nameOf(table)} WHERE ${where}`
  const set = columns.map((column, index) => `${pg.escapeIdentifier(column.name)} = ${place(column, index)}`).join(', ')
  return `UPDATE ${nameOf(table)} SET ${set} WHERE ${where}`
}

/** Columns of the table that these rows name, row by row. */
function named({ columns }: PolicyTable, rows: readonly PolicyRow[]): readonly PolicyColumn[] {
  return rows.flatMap((row) => columns.filter(({ name }) => Object.hasOwn(row, name)))
}

/** The values beside `named`. */
function bound(table: PolicyTable, rows: readonly PolicyRow[]): unknown[] {
  return rows.flatMap((row) => named(table, [row]).map(({ name }) => row[name]))
}

function condition(
  table: PolicyTable,
  rows: readonly PolicyRow[],
): { readonly sql: string; readonly values: unknown[] } {
  const columns = named(table, rows)
  const values = bound(table, rows)
  const parts = columns.map((column, index) => {
    const name = pg.escapeIdentifier(column.name)
    // A parameter without a use has no type.
    if (values[index] === null) return `${name} IS NULL AND ${place(column, index)} IS NULL`
    return `${name} = ${place(column, index)}`
  })
  return { sql: parts.length === 0 ? 'true' : parts.join(' AND '), values }
}

/** `$1::numeric`: the type as the catalogue spells it. */
function place({ type }: PolicyColumn, index: number): string {
  return `$${index + 1}::${type}`
}

/** Amounts as exact text without needless decimals, times in UTC to the microsecond. */
function shownColumn({ name, type }: PolicyColumn): string {
  const column = pg.escapeIdentifier(name)
  if (type === 'numeric') return `trim_scale(${column})::text AS ${column}`
  if (type === 'bigint') return `${column}::text AS ${column}`
  if (type !== 'timestamp with time zone') return column
  return `rtrim(rtrim(to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS ${column}`
}

function nameOf({ name }: PolicyTable): string {
  return `tollgate.${pg.escapeIdentifier(name)}`
}
