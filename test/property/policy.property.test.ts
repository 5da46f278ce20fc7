import { hash } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type DescriptorDomain, matchDescriptor } from '../../src/core/match-descriptor.ts'
import { policyShow } from '../../src/policy/policy-show.ts'
import { applyChanges, readPolicy } from '../../src/policy/read-policy.ts'
import { faultsOf, type PolicySnapshot } from '../../src/policy/snapshot.ts'
import { createPostgresPolicyDatabase } from '../../src/postgres/policy-database.ts'
import { createDatabase } from '../support/databases.ts'

const accounts = ['alice', 'bob', 'carol']
const tokens = ['t1', 't2', 't3', 't4']
const digestOf = (name: string): string => hash('sha256', name, 'hex')

const account = fc.constantFrom(...accounts)
const token = fc.constantFrom(...tokens)
const id = fc.constantFrom('r1', 'r2', 'r3', 'r4')
const name = fc.constantFrom('one', 'two')
const amount = fc.integer({ min: 0, max: 5 })
const scope = fc.constantFrom('plan', 'account', 'project', 'department', 'none')

const scopeIds: Readonly<Record<string, string>> = { plan: 'free', account: 'bob', project: 'p1', department: 'd1' }

function limitRow(row: { id: string; name: string; amount: number; scope: string }): string {
  const scopeId = scopeIds[row.scope]
  const columns = scopeId === undefined ? '' : `, applies_to_${row.scope}`
  const values = scopeId === undefined ? '' : `, '${scopeId}'`
  return `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window"${columns})
    VALUES ('${row.id}', '${row.name}', 'quota', 'requests', ${row.amount}, 'day'${values}) ON CONFLICT DO NOTHING`
}

const statement = fc.oneof(
  fc.record({ id, name, amount, scope }).map(limitRow),
  fc.tuple(id, amount).map(([one, to]) => `UPDATE tollgate.limit_rule SET amount = ${to} WHERE id = '${one}'`),
  id.map((one) => `DELETE FROM tollgate.limit_rule WHERE id = '${one}'`),
  fc.constant(`SELECT tollgate.confirm_emptied('limit_rule') WHERE NOT EXISTS (SELECT FROM tollgate.limit_rule)`),
  fc.constant('TRUNCATE tollgate.token'),
  fc.tuple(token, account, fc.constantFrom('a', 'b', 'c')).map(
    ([one, of, text]) => `INSERT INTO tollgate.token (id, account, digest, hint, expires_at)
      VALUES ('${one}', '${of}', '${digestOf(text)}', 'tg_…', now() + interval '1 day') ON CONFLICT DO NOTHING`,
  ),
  token.map((one) => `DELETE FROM tollgate.token WHERE id = '${one}'`),
  fc.tuple(token, token).map(
    ([from, to]) => `UPDATE tollgate.token SET id = '${to}' WHERE id = '${from}'
      AND NOT EXISTS (SELECT FROM tollgate.token WHERE id = '${to}')`,
  ),
  token.map((one) => `UPDATE tollgate.token SET revoked_at = now() WHERE id = '${one}'`),
  fc
    .tuple(account, fc.constantFrom('p1', 'p2'))
    .map(([one, to]) => `UPDATE tollgate.account SET project = '${to}' WHERE id = '${one}'`),
  fc.constantFrom('d1', 'd2').map((to) => `UPDATE tollgate.project SET department = '${to}' WHERE id = 'p1'`),
  fc.tuple(fc.constantFrom(0, 10, 20), amount).map(
    ([from, credits]) => `INSERT INTO tollgate.price_tier VALUES ('price', 0, 1), ('price', ${from}, ${credits})
      ON CONFLICT (price, from_bytes) DO NOTHING`,
  ),
  fc.constant(`DELETE FROM tollgate.price_tier`),
  fc.constantFrom('deny', 'allow').map(
    (effect) => `INSERT INTO tollgate.access_rule (id, effect, account, reason) VALUES ('a', '${effect}', 'bob', 'No')
      ON CONFLICT (id) DO UPDATE SET effect = excluded.effect`,
  ),
  fc.tuple(fc.constantFrom('g1', 'g2'), name, fc.constantFrom('account', 'project', 'department'), amount).map(
    ([one, of, to, more]) => `INSERT INTO tollgate.grant (id, limit_name, ${to}, amount, starts_at, ends_at)
      SELECT '${one}', '${of}', '${scopeIds[to]}', ${more + 1}, to_timestamp(${more}), to_timestamp(5 + ${more})
      WHERE EXISTS (SELECT FROM tollgate.limit_rule WHERE name = '${of}') ON CONFLICT DO NOTHING`,
  ),
  fc.constant(`DELETE FROM tollgate.grant WHERE id = 'g1'`),
  fc.tuple(name, name).map(
    ([from, to]) => `UPDATE tollgate.limit_rule l SET name = '${to}' WHERE name = '${from}' AND NOT EXISTS (
      SELECT FROM tollgate.limit_rule o WHERE o.name = '${to}')`,
  ),
  fc
    .tuple(id, fc.constantFrom('edge', 'other'), fc.constantFrom('"value":"a"', '"value":"a*"', '"regex":"["'), amount)
    .map(
      ([
        one,
        of,
        match,
        position,
      ]) => `INSERT INTO tollgate.descriptor_limit (id, domain, entries, "position", amount, unit)
      VALUES ('${one}', '${of}', '[{"key":"k",${match}}]', ${position}, 1, 'day')
      ON CONFLICT (id) DO UPDATE SET domain = excluded.domain, entries = excluded.entries, "position" = excluded.position`,
    ),
  id.map((one) => `DELETE FROM tollgate.descriptor_limit WHERE id = '${one}'`),
  fc.constantFrom('allow', 'deny').map((posture) => `UPDATE tollgate.descriptor_domain SET posture = '${posture}'`),
  fc.constant(
    `SELECT tollgate.confirm_emptied('descriptor_limit') WHERE NOT EXISTS (SELECT FROM tollgate.descriptor_limit)`,
  ),
  fc.constantFrom('one.example', 'two.example').map((host) => `UPDATE tollgate.upstream SET host = '${host}'`),
)

/** One transaction of some statements, kept or rolled back, after which the changes are read or not yet. */
const step = fc.record({
  statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
  isKept: fc.boolean(),
  isRead: fc.boolean(),
})

const base = `
  INSERT INTO tollgate.department (id) VALUES ('d1'), ('d2');
  INSERT INTO tollgate.project (id, department) VALUES ('p1', 'd1'), ('p2', 'd2');
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'p1', 'free'), ('bob', 'p1', 'free'), ('carol', 'p2', 'free');
  INSERT INTO tollgate.descriptor_domain (id) VALUES ('edge'), ('other');
  INSERT INTO tollgate.price_rule (id, surface) VALUES ('price', 'pypi');
  INSERT INTO tollgate.upstream (id, surface, host, origin_url, grammar) VALUES ('u', 'pypi', 'one.example', 'http://x', 'pypi');`

function matched(domain: DescriptorDomain | undefined, value: string): unknown {
  return domain && matchDescriptor(domain, [{ key: 'k', value }])
}

/** Everything a reader of the snapshot can see. */
function seen(snapshot: PolicySnapshot): unknown {
  return {
    listing: policyShow(snapshot),
    faults: faultsOf(snapshot),
    matched: ['edge', 'other'].map((one) =>
      ['a', 'ab', 'b'].map((value) => matched(snapshot.descriptorDomain(one), value)),
    ),
    tokens: ['a', 'b', 'c'].map((text) => snapshot.tokenByDigest(digestOf(text))),
    accounts: accounts.map((one) => {
      const found = snapshot.account(one)
      return [found, found && [0, 4_000, 8_000].map((nowMs) => snapshot.limitsOf(found, nowMs))]
    }),
    projects: ['p1', 'p2'].map((one) => snapshot.project(one)),
    hosts: ['one.example', 'two.example'].map((host) => snapshot.upstreamsOfHost(host)),
  }
}

test('changes applied one by one come to the same as reading everything anew', async () => {
  await using database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const policy = createPostgresPolicyDatabase({ databaseUrl: database.url })
  await client.query(base)
  const cleaned = `DELETE FROM tollgate.limit_rule; DELETE FROM tollgate.token; DELETE FROM tollgate.access_rule; DELETE FROM tollgate.price_tier;
    DELETE FROM tollgate.grant; DELETE FROM tollgate.descriptor_limit`
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        await client.query(cleaned)
        let snapshot = await readPolicy(policy)
        for (const { statements, isKept, isRead } of steps) {
          await client.query('BEGIN')
          for (const one of statements) await client.query(one)
          await client.query(isKept ? 'COMMIT' : 'ROLLBACK')
          if (!isRead) continue
          // Resolved limits must not outlive the rows they rest on.
          seen(snapshot)
          const changes = await policy.readChanges(snapshot)
          if (changes) snapshot = await applyChanges(policy, snapshot, changes)
        }
        const changes = await policy.readChanges(snapshot)
        const last = changes ? await applyChanges(policy, snapshot, changes) : snapshot
        expect(seen(last)).toEqual(seen(await readPolicy(policy, snapshot.state)))
      }),
      { numRuns: 60 },
    )
  } finally {
    await policy.close()
    await client.end()
  }
})
