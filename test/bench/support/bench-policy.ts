import { createHash } from 'node:crypto'
import type pg from 'pg'
import { makeTokenText } from '../../../src/core/token-text.ts'

const accounts = 1_000
const projects = 50
const departments = 10

/** Secrets of `count` tokens of 1,000 accounts, the same at every run: nobody guards anything with them. */
export function benchSecrets(count: number): readonly string[] {
  return Array.from({ length: count }, (_, nth) => {
    let draw = 0
    return makeTokenText((bytes) => {
      draw += 1
      return createHash('sha512').update(`bench ${nth} ${draw}`).digest().subarray(0, bytes)
    })
  })
}

/** Writes a policy of 10 departments, 50 projects, 1,000 accounts and the tokens, with three limits per request that nobody reaches. */
export async function writeBenchPolicy(client: pg.Client, secrets: readonly string[]): Promise<void> {
  const digests = secrets.map((secret) => createHash('sha256').update(secret).digest('hex'))
  await client.query(`INSERT INTO tollgate.plan (id) VALUES ('bench')`)
  await client.query(
    `INSERT INTO tollgate.department (id) SELECT 'department-' || n FROM generate_series(1, ${departments}) n`,
  )
  await client.query(
    `INSERT INTO tollgate.project (id, department)
     SELECT 'project-' || n, 'department-' || (1 + n % ${departments}) FROM generate_series(1, ${projects}) n`,
  )
  await client.query(
    `INSERT INTO tollgate.account (id, project, plan)
     SELECT 'account-' || n, 'project-' || (1 + n % ${projects}), 'bench' FROM generate_series(1, ${accounts}) n`,
  )
  await client.query(
    `INSERT INTO tollgate.token (id, account, digest, hint, expires_at)
     SELECT 'token-' || n, 'account-' || (1 + n % ${accounts}), digest, 'tg_bench', now() + interval '6 days'
     FROM unnest($1::text[]) WITH ORDINALITY AS given (digest, n)`,
    [digests],
  )
  await client.query(
    `INSERT INTO tollgate.upstream (id, surface, origin_url, grammar) VALUES ('mirror', 'pypi', 'http://127.0.0.1:1', 'pypi');
     INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, burst, every) VALUES
       ('rate', 'rate', 'rate', 'requests', 'account', 1000000, 1000000, '1 second');
     INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", posture) VALUES
       ('daily', 'account-daily', 'quota', 'credits', 'account', 1000000000, 'day', 'deny'),
       ('project', 'project-daily', 'quota', 'credits', 'project', 1000000000, 'day', 'deny');
     INSERT INTO tollgate.price_rule (id, surface, kind, base_credits) VALUES
       ('artifact', 'pypi', 'artifact', 1), ('index', 'pypi', 'index', 0)`,
  )
}
