import pg from 'pg'
import { Fault } from '../core/fault.ts'
import type { PolicyChanges, PolicyDatabase, PolicyHead, RawRow, TableName } from '../policy/ports.ts'
import { databaseFault } from './database-fault.ts'
import { endClient } from './end-client.ts'
import { openDoorbell } from './policy-doorbell.ts'
import { readFormer, readLost } from './policy-past.ts'
import { policyQueries, rowQueries } from './policy-queries.ts'

const CONNECT_TIMEOUT_MS = 5_000
const QUERY_TIMEOUT_MS = 10_000
const BATCH_ROWS = 2_000
/** From so many touched rows on it is cheaper to read everything. */
const TOUCHED_MAX = 20_000

const tableNames = Object.keys(rowQueries) as readonly TableName[]

/** A price is read with its tiers, so a changed tier is a changed price. */
const tableOf: Readonly<Record<string, TableName>> = {
  ...Object.fromEntries(tableNames.map((name) => [name, name])),
  price_tier: 'price_rule',
}

/**
 * The policy in PostgreSQL (see `PolicyDatabase`): one connection for reading, opened when needed, and one per doorbell. Every reading is
 * one repeatable-read transaction. Every wait is bounded; after a failure the next call opens a new connection.
 */
export function createPostgresPolicyDatabase({ databaseUrl }: { readonly databaseUrl: string }): PolicyDatabase {
  let reader: pg.Client | undefined

  async function connect(name: string): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      application_name: name,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (error) {
      void endClient(client)
      throw error
    }
  }

  async function reading<T>(work: (client: pg.Client, head: PolicyHead) => Promise<T>): Promise<T> {
    try {
      reader ??= await connect('tollgate policy')
      const client = reader
      const answer = await work(client, await beginReading(client))
      // Nothing was written, so nobody need wait for the end; the next reading queues behind it.
      client.query('COMMIT').catch(() => {})
      return answer
    } catch (cause) {
      const failed = reader
      reader = undefined
      // Not awaited: a connection that has just failed to answer may not answer its end either.
      if (failed) void endClient(failed)
      throw databaseFault(cause, databaseUrl)
    }
  }

  return {
    async listen(onRing) {
      try {
        return await openDoorbell(await connect('tollgate policy doorbell'), onRing)
      } catch (cause) {
        throw databaseFault(cause, databaseUrl)
      }
    },
    readAll: (take) =>
      reading(async (client, head) => {
        for (const table of tableNames) await readTable(client, { table, take })
        return head
      }),
    readChanges: (since) => reading((client, head) => readChanges(client, { head, since })),
    readFormer: (asked) => reading((client) => readFormer(client, asked)),
    readLost: (asked) => reading((client) => readLost(client, asked)),
    async close() {
      const idle = reader
      reader = undefined
      if (idle) await endClient(idle)
    },
  }
}

/** One message: the transaction's snapshot is taken by the query that says which version it is. */
async function beginReading(client: pg.Client): Promise<PolicyHead> {
  const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${policyQueries.version}`
  const answers = (await client.query(begin)) as unknown as readonly pg.QueryResult<PolicyHead>[]
  const head = answers[1]?.rows[0]
  if (head === undefined) throw new Fault('policy_unavailable', 'The policy has no history: run tollgate migrate')
  return head
}

async function readTable(
  client: pg.Client,
  { table, take }: { readonly table: TableName; readonly take: Parameters<PolicyDatabase['readAll']>[0] },
): Promise<void> {
  await client.query(`DECLARE policy_rows NO SCROLL CURSOR FOR ${rowQueries[table]}`, [null, null])
  for (;;) {
    const { rows } = await client.query<RawRow>(`FETCH ${BATCH_ROWS} FROM policy_rows`)
    take({ table, rows })
    if (rows.length < BATCH_ROWS) break
  }
  await client.query('CLOSE policy_rows')
}

async function readChanges(
  client: pg.Client,
  { head, since }: { readonly head: PolicyHead; readonly since: Omit<PolicyHead, 'emptied'> },
): Promise<PolicyChanges | undefined> {
  if (head.history !== since.history || head.version < since.version) return undefined
  if (head.version === since.version) return { ...head, touched: [] }
  // Not named: a statement prepared by name is soon planned for any value, and that plan reads the whole table.
  const { rows: keys } = await client.query<{ table_name: string; key: string }>(policyQueries.changes, [
    since.version,
    TOUCHED_MAX,
  ])
  if (keys.length >= TOUCHED_MAX) return undefined
  const touched: PolicyChanges['touched'][number][] = []
  for (const [name, changed] of Map.groupBy(keys, (row) => tableOf[row.table_name])) {
    if (name === undefined) continue
    const ids = [...new Set(changed.map((row) => row.key))]
    const { rows } = await client.query<RawRow>(rowQueries[name], [ids, null])
    touched.push({ table: name, ids, rows })
  }
  return { ...head, touched }
}
