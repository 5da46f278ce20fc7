import type pg from 'pg'
import type { Outbox } from '../../src/alerts/ports.ts'
import type { NewAlertEvent } from '../../src/core/alert-event.ts'
import { addAlertEvents } from '../../src/postgres/alert-events.ts'
import { createPostgresOutbox } from '../../src/postgres/alert-outbox.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { createDatabase, type TestDatabase } from './databases.ts'
import { type DeliverOptions, startDeliverer, type TestDeliverer, testSecretBox } from './start-deliverer.ts'

/** A migrated database with two projects of people, and deliverers to start on it. */
export interface AlertWorld extends AsyncDisposable {
  readonly database: TestDatabase
  readonly pool: pg.Pool
  readonly outbox: Outbox
  sql<T extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly T[]>
  /** A row of `alert_channel` that may reach this machine; answers its id. */
  channel(row: Readonly<Record<string, unknown>> & { readonly id: string; readonly target: string }): Promise<string>
  /** Writes events, one for each key, at the level of 80 % unless told otherwise. */
  events(...events: readonly (Partial<NewAlertEvent> & { readonly key: string })[]): Promise<void>
  /** Resolves when `SELECT count(*)` of this condition on alert_delivery reaches `count`; at most 20 s. */
  deliveriesWhere(condition: string, count: number): Promise<readonly DeliveryRow[]>
  deliver(options?: Partial<DeliverOptions>): Promise<TestDeliverer>
}

export interface DeliveryRow extends pg.QueryResultRow {
  readonly id: string
  readonly event: string
  readonly channel: string
  readonly state: string
  readonly attempts: number
  readonly error: string | null
  readonly sent_with: string | null
  readonly next_in_ms: number
}

const people = `
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.department (id) VALUES ('research'), ('sales');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research'), ('crm', 'sales');
  INSERT INTO tollgate.account (id, project, plan, role) VALUES ('alice', 'vision', 'free', 'member'), ('lena', 'vision', 'free', 'lead'),
    ('bob', 'crm', 'free', 'member'), ('luis', 'crm', 'free', 'lead'), ('ada', 'crm', 'free', 'admin');`

const waitMsMax = 20_000

export async function createAlertWorld(): Promise<AlertWorld> {
  const database = await createDatabase()
  const pool = createPool(database.url, () => {})
  await pool.query(people)
  const running: TestDeliverer[] = []
  const sql: AlertWorld['sql'] = async (text, values = []) => (await pool.query(text, [...values])).rows
  return {
    ...{ database, pool, sql, outbox: createPostgresOutbox({ pool, eventDays: 90, marker: testSecretBox }) },
    async channel({ id, kind = 'webhook', ...row }) {
      const columns = { id, kind, private_target: true, ...row }
      const names = Object.keys(columns)
      await sql(
        `INSERT INTO tollgate.alert_channel (${names.join()}) VALUES (${names.map((_, place) => `$${place + 1}`).join()})`,
        Object.values(columns),
      )
      return id
    },
    async events(...events) {
      await addAlertEvents(
        pool,
        events.map((event) => ({ type: 'level', level: 'warning', percent: 80, ...event })),
      )
    },
    async deliveriesWhere(condition, count) {
      const endMs = performance.now() + waitMsMax
      for (;;) {
        const rows = await sql<DeliveryRow>(
          `SELECT *, (extract(epoch FROM next_at - now()) * 1000)::float8 AS next_in_ms
             FROM tollgate.alert_delivery WHERE ${condition} ORDER BY id`,
        )
        if (rows.length >= count) return rows
        if (performance.now() > endMs) throw new Error(`${rows.length} of ${count} deliveries where ${condition}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async deliver(options = {}) {
      const deliverer = startDeliverer({ databaseUrl: database.url, ...options })
      running.push(deliverer)
      return deliverer
    },
    async [Symbol.asyncDispose]() {
      for (const one of running) await one.stop()
      await pool.end()
      await database.drop()
    },
  }
}
