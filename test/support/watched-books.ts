import pg from 'pg'
import type { ChargeEntry } from '../../src/core/charge.ts'
import type { Subject } from '../../src/core/subject.ts'
import { createLimitChanges } from '../../src/policy/limit-changes.ts'
import { createPostgresLedgerStore, type LedgerStoreOptions } from '../../src/postgres/ledger-store.ts'
import { createPostgresLevelBooks } from '../../src/postgres/level-books.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createLevelPass, type LevelPass } from '../../src/usage/level-pass.ts'
import { createLevelWatch } from '../../src/usage/level-watch.ts'
import type { LedgerStore } from '../../src/usage/ports.ts'
import { chargeEntry, listStream, testDayMs } from './charge-entries.ts'
import { createPolicyWorld, inForce, onePerson, type PolicyWorld } from './policy.ts'

/** Noon of the test's day. */
export const noonMs = testDayMs + 12 * 3_600_000

/** A policy in a real database, and a ledger on it that tells what its charges cross. The clock stands at noon of the test's day. */
export interface WatchedBooks extends AsyncDisposable {
  readonly policy: PolicyWorld
  readonly pool: pg.Pool
  /** Another ledger on the same books, as another process has one: it remembers nothing. */
  another(options?: Partial<LedgerStoreOptions>): LedgerStore
  /** Books charges by the first ledger; each charge in partition 7 and of alice where it says nothing else. */
  book(charges: readonly Partial<ChargeEntry>[], books?: LedgerStore): Promise<void>
  /** Runs SQL and waits until the policy that it makes is in force. */
  enforce(sql: string): Promise<void>
  /** The same, and holds the levels against it. */
  change(sql: string): Promise<void>
  /** Holds levels against the policy in force, as after a start, or after grants began and ended. */
  readonly pass: LevelPass
  /** Every event, the oldest first. */
  events(): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Of each level event what it is about, whether it was told and whether it has ended: `alice daily 80 told`. By window, subject, limit and level. */
  levels(): Promise<readonly string[]>
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

const levelsSql = `
  SELECT concat_ws(' ', subject_id, limit_name, percent, CASE WHEN skipped THEN 'skipped' ELSE 'told' END,
                   CASE WHEN ended_at IS NOT NULL THEN 'ended' END) AS text
    FROM tollgate.alert_event WHERE type = 'level'
   ORDER BY window_start, subject_id, limit_name, percent, ended_at NULLS LAST`

let epochs = 0
let charges = 0

/** `limits` are rows of `limit_rule`. Alice and her project and department are in partition 7. */
export async function openWatchedBooks(limits = '', nowMs: () => number = () => noonMs): Promise<WatchedBooks> {
  const partitions = ['department', 'project', 'account'].map(
    (table) => `ALTER TABLE tollgate.${table} DISABLE TRIGGER USER; UPDATE tollgate.${table} SET partition = 7;
                ALTER TABLE tollgate.${table} ENABLE TRIGGER USER;`,
  )
  const policy = await createPolicyWorld({ setup: onePerson + partitions.join('') + limits })
  const pool = new pg.Pool({ connectionString: policy.database.url, max: 8 })
  pool.on('error', () => undefined)
  const another: WatchedBooks['another'] = (options = {}) =>
    createPostgresLedgerStore({
      pool,
      observer: silentObserver,
      watch: createLevelWatch({ policy: () => policy.keeper.current(), nowMs }),
      ...options,
    })
  const first = another()
  const changes = createLimitChanges()
  const pass = createLevelPass({
    books: createPostgresLevelBooks(pool),
    policy: policy.keeper.current,
    edges(time) {
      const snapshot = policy.keeper.current()
      return snapshot === undefined ? { concerned: [], nextMs: undefined } : changes.grantEdges(snapshot, time)
    },
    observer: silentObserver,
    nowMs,
  })
  async function enforce(sql: string): Promise<void> {
    await policy.sql(sql)
    const { rows } = await pool.query<{ version: string }>('SELECT max(version) AS version FROM tollgate.policy_commit')
    await inForce(policy.keeper, ({ version }) => version >= Number(rows[0]?.version))
  }
  return {
    policy,
    pool,
    pass,
    another,
    async book(entries, books = first) {
      epochs += 1
      const stream = listStream(`w${epochs}`)
      stream.append(
        ...entries.map((entry) => {
          charges += 1
          return chargeEntry({ id: `c${charges}.${testDayMs.toString(36)}`, at: noonMs - 60_000, ...entry })
        }),
      )
      const partitions = new Set(entries.map(({ partition = 7 }) => partition))
      for (const partition of partitions) {
        await books.drain(partition, (checkpoint) => stream.charges({ partition, checkpoint, countMax: 1_000 }))
      }
    },
    enforce,
    async change(sql) {
      const before = policy.keeper.current()
      await enforce(sql)
      const after = policy.keeper.current()
      if (after !== undefined) pass.recheck(changes.concernedBy(before, after))
      await pass.once()
    },
    async events() {
      return (await pool.query('SELECT * FROM tollgate.alert_event ORDER BY at, key')).rows
    },
    async levels() {
      const { rows } = await pool.query<{ text: string }>(levelsSql)
      return rows.map(({ text }) => text)
    },
    async rows(sql) {
      return (await pool.query(sql)).rows
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await policy[Symbol.asyncDispose]()
    },
  }
}

export const subjects: readonly Subject[] = [
  { kind: 'account', id: 'alice', partition: 7 },
  { kind: 'project', id: 'vision', partition: 7 },
  { kind: 'department', id: 'research', partition: 7 },
]

/** So many credits. */
export function credits(count: number): Pick<ChargeEntry, 'amounts'> {
  return { amounts: { requests: 1, credits: count * 1_000, bytes: 0, gpu_ms: 0 } }
}
