import { hash } from 'node:crypto'
import pg from 'pg'
import type { FormerRow, PolicyDatabase, RawRow, TableName } from '../policy/ports.ts'
import { policyQueries, rowQueries } from './policy-queries.ts'

/** Of each row so many changes are looked back at. */
const CHANGES_MAX = 32
const LOST_BATCH_ROWS = 1_000
const digestPattern = /^sha256:[0-9a-f]{64}$/

type Asked<Method extends 'readFormer' | 'readLost'> = Parameters<PolicyDatabase[Method]>[0]

/** A row at a version; numbers of versions are texts, as PostgreSQL gives them. */
interface Place {
  readonly key: string
  readonly version: string
}

/** In the shape of its table; null: not there. */
interface Logged extends Place {
  readonly row_values: RawRow | null
}

export async function readFormer(
  client: pg.ClientBase,
  { table, rows, version }: Asked<'readFormer'>,
): Promise<readonly FormerRow[]> {
  const current = new Map(rows.map((row) => [String(row['id']), row]))
  const places = await client.query<Place>(policyQueries.former, [table, [...current.keys()], version, CHANGES_MAX])
  return readAt(client, { table, places: places.rows, current })
}

export async function readLost(
  client: pg.ClientBase,
  { table, version, take }: Asked<'readLost'>,
): Promise<number | undefined> {
  await client.query(`DECLARE lost_rows NO SCROLL CURSOR FOR ${policyQueries.lost}`, [table, version])
  let lostAt: number | undefined
  for (;;) {
    const places = (await client.query<Place>(`FETCH ${LOST_BATCH_ROWS} FROM lost_rows`)).rows
    if (places[0] !== undefined) lostAt = Number(places[0].version)
    take(await readAt(client, { table, places, current: new Map() }))
    if (places.length < LOST_BATCH_ROWS) break
  }
  await client.query('CLOSE lost_rows')
  return lostAt
}

interface Wanted {
  readonly table: TableName
  readonly places: readonly Place[]
  /** Rows as they are now, by id: what the log keeps by digest may still be in them. */
  readonly current: ReadonlyMap<string, RawRow>
}

async function readAt(client: pg.ClientBase, { table, places, current }: Wanted): Promise<readonly FormerRow[]> {
  if (places.length === 0) return []
  const { rows } = await client.query<Logged>(policyQueries['row-at'], [
    table,
    places.map(({ key }) => key),
    places.map(({ version }) => version),
  ])
  const found = rows.map((logged) => unveiled(logged, current.get(logged.key)))
  const logged = found.flatMap((one) => (one.kind === 'logged' ? [one.row] : []))
  const read = (await readLogged(client, table, logged)).values()
  return found.map((one): FormerRow => {
    if (one.kind !== 'logged') return one
    const row = read.next().value
    return row
      ? { kind: 'known', id: one.id, row }
      : { kind: 'unknown', id: one.id, reason: 'the change log has no row that fits the table' }
  })
}

type Unveiled = { readonly kind: 'logged'; readonly id: string; readonly row: RawRow } | FormerRow

/** A value that is kept by digest can be known if the row still has the same one. */
function unveiled({ key: id, row_values: values }: Logged, current: RawRow | undefined): Unveiled {
  if (values === null) return { kind: 'absent', id }
  const row: Record<string, unknown> = { ...values }
  for (const [column, value] of Object.entries(values)) {
    if (typeof value !== 'string' || !digestPattern.test(value)) continue
    const known = current?.[column]
    if (typeof known !== 'string' || `sha256:${hash('sha256', known, 'hex')}` !== value) {
      return { kind: 'unknown', id, reason: `the change log has ${column} only by digest` }
    }
    row[column] = known
  }
  return { kind: 'logged', id, row }
}

/** Rows in the shape of the table → as the policy room reads them, in order; undefined for one that PostgreSQL does not take. */
async function readLogged(
  client: pg.ClientBase,
  table: TableName,
  logged: readonly RawRow[],
): Promise<readonly (RawRow | undefined)[]> {
  await client.query('SAVEPOINT logged')
  try {
    return (await client.query<RawRow>(rowQueries[table], [null, JSON.stringify(logged)])).rows
  } catch (error) {
    // Data exception, integrity violation: one of them would not pass the types of the table any more.
    if (!(error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? ''))) throw error
    await client.query('ROLLBACK TO SAVEPOINT logged')
    if (logged.length === 1) return [undefined]
    const one: (RawRow | undefined)[] = []
    for (const row of logged) one.push(...(await readLogged(client, table, [row])))
    return one
  }
}
