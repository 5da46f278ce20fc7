import { randomBytes } from 'node:crypto'
import { Fault } from '../../src/core/fault.ts'
import type { RequestTools } from '../../src/manage/request-ports.ts'
import type { Actor } from '../../src/manage/who-may.ts'
import { createPostgresRequests } from '../../src/postgres/requests.ts'
import { type LedgerDatabase, openLedgerDatabase } from './ledger-database.ts'

/** Two projects with leads, an administrator, and limits of several kinds; what is left of vision's budget is for the test to say. */
export interface RequestOffice extends AsyncDisposable {
  readonly database: LedgerDatabase
  readonly tools: RequestTools
  /** In code units of whatever is asked; undefined: no budget; `away`: nobody can say. */
  remaining: number | undefined | 'away'
  /** The database's policy_change rows of a table, oldest first. */
  audit(table: string): Promise<readonly Record<string, unknown>[]>
  events(type: string): Promise<readonly Record<string, unknown>[]>
}

const policy = `
  INSERT INTO tollgate.plan (id, bridge_percent) VALUES ('free', 5), ('bare', 0);
  INSERT INTO tollgate.department (id) VALUES ('research'), ('sales');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research'), ('speech', 'research'), ('crm', 'sales');
  INSERT INTO tollgate.account (id, project, plan, role, time_zone) VALUES
    ('alice', 'vision', 'free', 'member', 'Asia/Shanghai'), ('amy', 'vision', 'free', 'member', 'UTC'),
    ('lea', 'vision', 'free', 'lead', 'UTC'), ('leo', 'vision', 'free', 'lead', 'UTC'),
    ('bob', 'speech', 'bare', 'member', 'UTC'), ('sam', 'speech', 'free', 'lead', 'UTC'),
    ('ada', 'crm', 'free', 'admin', 'UTC'), ('abe', 'crm', 'free', 'admin', 'UTC');
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", applies_to_plan, applies_to_project) VALUES
    ('daily', 'daily', 'quota', 'credits', 'account', 1000, 'day', NULL, NULL),
    ('daily-bare', 'daily', 'quota', 'credits', 'account', 100, 'day', 'bare', NULL),
    ('calls', 'calls', 'quota', 'requests', 'account', 10, 'hour', 'free', NULL),
    ('vision-month', 'month', 'quota', 'credits', 'project', 5000, 'month', NULL, 'vision');
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every) VALUES
    ('pace', 'pace', 'rate', 'requests', 5, 5, '1 minute')`

export async function openRequestOffice(): Promise<RequestOffice> {
  const database = await openLedgerDatabase()
  await database.pool.query(policy)
  const office: RequestOffice = {
    database,
    remaining: 4_000_000,
    tools: {
      requests: createPostgresRequests(database.pool),
      budget: {
        async remaining() {
          if (office.remaining === 'away') throw new Fault('store_unavailable', 'The spend store does not answer')
          return office.remaining
        },
        async standing() {
          if (office.remaining === 'away') throw new Fault('store_unavailable', 'The spend store does not answer')
          return { amount: 1_000_000, used: 800_500 }
        },
      },
      randomBytes,
      nowMs: Date.now,
    },
    audit: (table) =>
      database.rows('SELECT by, key, old, new FROM tollgate.policy_change WHERE table_name = $1 ORDER BY id', [table]),
    events: (type) => database.rows('SELECT * FROM tollgate.alert_event WHERE type = $1 ORDER BY key', [type]),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
  return office
}

export const operator: Actor = { kind: 'operator' }
export const alice: Actor = { kind: 'account', id: 'alice', role: 'member', project: 'vision' }
export const amy: Actor = { kind: 'account', id: 'amy', role: 'member', project: 'vision' }
export const lea: Actor = { kind: 'account', id: 'lea', role: 'lead', project: 'vision' }
export const leo: Actor = { kind: 'account', id: 'leo', role: 'lead', project: 'vision' }
export const bob: Actor = { kind: 'account', id: 'bob', role: 'member', project: 'speech' }
export const sam: Actor = { kind: 'account', id: 'sam', role: 'lead', project: 'speech' }
export const ada: Actor = { kind: 'account', id: 'ada', role: 'admin', project: 'crm' }
export const abe: Actor = { kind: 'account', id: 'abe', role: 'admin', project: 'crm' }
export const hourMs = 3_600_000

/** A wish of alice for 500 credits more a day, for an hour. */
export function wish<T extends object>(more: T) {
  const usual = { actor: alice, askedBy: 'alice', limitName: 'daily', amount: '500', reason: 'A release today' }
  return { ...usual, untilMs: Date.now() + hourMs, ...more }
}
