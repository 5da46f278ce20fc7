import pg from 'pg'
import { clock } from '../../src/compose/clock.ts'
import { createPolicyKeeper, type PolicyKeeper } from '../../src/policy/keeper.ts'
import type { PolicySnapshot } from '../../src/policy/snapshot.ts'
import { createPostgresPolicyDatabase } from '../../src/postgres/policy-database.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createDatabase, type TestDatabase } from './databases.ts'

/** A migrated database with a client and a running keeper. */
export interface PolicyWorld extends AsyncDisposable {
  readonly database: TestDatabase
  readonly client: pg.Client
  readonly keeper: PolicyKeeper
  sql(text: string, values?: readonly unknown[]): Promise<pg.QueryResult>
  another(): Promise<pg.Client>
}

export async function createPolicyWorld({ setup = '' } = {}): Promise<PolicyWorld> {
  const database = await createDatabase()
  const clients: pg.Client[] = []
  const another = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database.url })
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  const client = await another()
  if (setup !== '') await client.query(setup)
  const keeper = createPolicyKeeper({
    database: createPostgresPolicyDatabase({ databaseUrl: database.url }),
    observer: silentObserver,
    clock,
  })
  await keeper.ready
  return {
    database,
    client,
    keeper,
    another,
    sql: (text, values = []) => (values.length === 0 ? client.query(text) : client.query(text, [...values])),
    async [Symbol.asyncDispose]() {
      await keeper.stop()
      for (const one of clients) await one.end().catch(() => {})
      await database.drop()
    },
  }
}

/** Resolves with the milliseconds until the snapshot in force satisfies `wanted`; rejects after `timeoutMs`. */
export function inForce(
  keeper: PolicyKeeper,
  wanted: (snapshot: PolicySnapshot) => boolean,
  timeoutMs = 5_000,
): Promise<number> {
  const startMs = performance.now()
  const isWanted = (): boolean => {
    const snapshot = keeper.current()
    return snapshot !== undefined && wanted(snapshot)
  }
  if (isWanted()) return Promise.resolve(0)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      unsubscribe()
      reject(new Error(`Not in force after ${timeoutMs} ms`))
    }, timeoutMs)
    const unsubscribe = keeper.onChange(() => {
      if (!isWanted()) return
      clearTimeout(timer)
      unsubscribe()
      resolve(performance.now() - startMs)
    })
  })
}

/** One department, project, plan and account `alice`: enough for rows that refer to them. */
export const onePerson = `
  INSERT INTO tollgate.department (id) VALUES ('research');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'vision', 'free');`
