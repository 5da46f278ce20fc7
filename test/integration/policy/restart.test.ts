import { describe, expect, test } from 'vitest'
import { createCommandLine } from '../../../src/compose/command-line.ts'
import { policyShow } from '../../../src/policy/policy-show.ts'
import { policyCheck } from '../../../src/policy/policy-state.ts'
import { readPolicy } from '../../../src/policy/read-policy.ts'
import type { PolicySnapshot } from '../../../src/policy/snapshot.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { createPolicyWorld, inForce, onePerson, type PolicyWorld } from '../../support/policy.ts'

const digest = 'ab'.repeat(32)
const limits = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every, enforce_at)
  VALUES ('a', 'a', 'rate', 'requests', 50, 300, '1 second', 'everything'), ('b', 'b', 'rate', 'credits', 0.5, 1.25, '1 hour', 'everything');`
const others = `
  INSERT INTO tollgate.token (id, account, digest, hint, expires_at) VALUES ('t', 'alice', '${digest}', 'tg_…', now() + interval '5 days');
  INSERT INTO tollgate.access_rule (id, effect, package_pattern, network, reason) VALUES ('x', 'deny', 'evil', '192.0.2.0/24', 'Evil');
  INSERT INTO tollgate.upstream (id, surface, host, origin_url, grammar, credential)
    VALUES ('bare', 'pypi', 'bare.example', 'http://x', 'pypi', NULL), ('kept', 'pypi', 'kept.example', 'http://x', 'pypi', 'env:TOLLGATE_UPSTREAM_KEPT');
  INSERT INTO tollgate.price_rule (id, surface, base_credits) VALUES ('p', 'pypi', 2);
  INSERT INTO tollgate.price_tier VALUES ('p', 0, 0.5), ('p', 1000000, 0.25);`

/** Lets anything in, as a restore with constraints disabled would. */
const unguarded = `
  ALTER TABLE tollgate.limit_rule DROP CONSTRAINT limit_burst_is_positive;
  ALTER TABLE tollgate.price_rule DROP CONSTRAINT price_base_is_not_negative;
  ALTER TABLE tollgate.plan DROP CONSTRAINT plan_token_days_max_is_1_to_3650;
  ALTER TABLE tollgate.account DROP CONSTRAINT account_time_zone_is_known;
  ALTER TABLE tollgate.upstream DROP CONSTRAINT upstream_grammar_is_known;
  ALTER TABLE tollgate.token DROP CONSTRAINT token_hint_shows_no_secret;
  ALTER TABLE tollgate.access_rule DROP CONSTRAINT access_package_pattern_is_a_pattern;`

/** Runs each in a transaction of its own, and waits after each until the keeper has seen it. */
async function change(world: PolicyWorld, ...statements: readonly string[]): Promise<void> {
  for (const sql of statements) {
    await world.sql(sql)
    const { rows } = await world.sql('SELECT version::int FROM tollgate.policy_version')
    await inForce(world.keeper, (snapshot) => snapshot.version >= Number(rows[0]?.version))
  }
}

/** What a process that starts now has in force. */
async function afterRestart({ database }: PolicyWorld): Promise<PolicySnapshot> {
  const policies = createPostgresPolicyDatabase({ databaseUrl: database.url })
  try {
    return await readPolicy(policies)
  } finally {
    await policies.close()
  }
}

function seen(snapshot: PolicySnapshot | undefined) {
  const alice = snapshot?.account('alice')
  return {
    listing: snapshot && policyShow(snapshot),
    faults: policyCheck(snapshot?.state),
    alice,
    limits: alice && snapshot?.limitsOf(alice, 0),
    token: snapshot?.tokenByDigest(digest),
    access: snapshot?.accessRules,
    upstreams: ['bare', 'kept'].map((id) => snapshot?.upstream(id)),
  }
}

const faultsOf = (snapshot: PolicySnapshot): readonly unknown[] =>
  policyCheck(snapshot.state).map(({ table, id, inForce: instead }) => [table, id, instead])

describe('a process that starts has in force what a running one has:', () => {
  test('the rows of a table that was emptied, until it is confirmed', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + limits + others })
    await change(world, `TRUNCATE tollgate.limit_rule`, `DELETE FROM tollgate.price_rule`)
    const restarted = await afterRestart(world)
    expect(faultsOf(restarted)).toEqual([
      ['limit_rule', '*', 'rows before it was emptied'],
      ['price_rule', '*', 'rows before it was emptied'],
    ])
    expect(seen(restarted)).toEqual(seen(world.keeper.current()))
    expect(seen(restarted).limits).toMatchObject([
      { id: 'a', amount: 50, burst: 300, periodMs: 1_000 },
      { id: 'b', amount: 500, burst: 1_250, periodMs: 3_600_000 },
    ])
    expect(restarted.priceRules).toMatchObject([
      {
        tiers: [
          { fromBytes: 0, milliPerMb: 500 },
          { fromBytes: 1e6, milliPerMb: 250 },
        ],
      },
    ])
    await change(world, `SELECT tollgate.confirm_emptied('limit_rule')`, `DELETE FROM tollgate.emptied_table`)
    expect(faultsOf(await afterRestart(world))).toEqual([['price_rule', '*', 'rows before it was emptied']])
    await change(world, `SELECT tollgate.confirm_emptied('price_rule')`)
    expect(faultsOf(await afterRestart(world))).toEqual([])
  })

  test('only the rows of the last commit, where others had gone before', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + limits })
    await change(world, `DELETE FROM tollgate.limit_rule WHERE id = 'a'`, `DELETE FROM tollgate.limit_rule`)
    const restarted = await afterRestart(world)
    expect(restarted.state.tables.limit_rule.inForce.get('a')).toBeUndefined()
    expect(restarted.state.tables.limit_rule.inForce.get('b')).toBeDefined()
    expect(seen(restarted)).toEqual(seen(world.keeper.current()))
  })

  test('last good versions, through any number of faulty ones, of a row that is there or was', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + limits + unguarded })
    const bursts = Array.from(
      { length: 5 },
      (_, n) => `UPDATE tollgate.limit_rule SET burst = -${n + 1} WHERE id = 'a'`,
    )
    await change(world, `UPDATE tollgate.limit_rule SET amount = 60 WHERE id = 'a'`, ...bursts)
    const restarted = await afterRestart(world)
    expect(faultsOf(restarted)).toEqual([['limit_rule', 'a', 'last good version']])
    expect(restarted.state.tables.limit_rule.inForce.get('a')?.amount).toBe(60)
    expect(seen(restarted)).toEqual(seen(world.keeper.current()))
    await change(world, `TRUNCATE tollgate.limit_rule`)
    const emptied = await afterRestart(world)
    expect(emptied.state.tables.limit_rule.inForce.get('a')?.amount).toBe(60)
    expect(seen(emptied)).toEqual(seen(world.keeper.current()))
  })

  test('nothing of a row that was never good, or gone before it came back faulty', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + limits + unguarded })
    await change(
      world,
      `DELETE FROM tollgate.limit_rule WHERE id = 'a'`,
      `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every, posture)
        VALUES ('a', 'a', 'rate', 'requests', 50, 0, '1 second', 'allow'), ('d', 'd', 'rate', 'requests', 50, 0, '1 second', 'deny')`,
      `UPDATE tollgate.limit_rule SET amount = 51 WHERE id = 'd'`,
    )
    const restarted = await afterRestart(world)
    expect(faultsOf(restarted)).toEqual([
      ['limit_rule', 'a', 'nothing'],
      ['limit_rule', 'd', 'denies'],
    ])
    expect(seen(restarted)).toEqual(seen(world.keeper.current()))
  })

  test('last good versions of every table, each as strict as it has become', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + others + unguarded })
    await change(
      world,
      `UPDATE tollgate.plan SET token_days_max = 0; UPDATE tollgate.account SET time_zone = 'Mars/Olympus';
       UPDATE tollgate.upstream SET grammar = 'maven'; UPDATE tollgate.price_rule SET base_credits = -1;
       UPDATE tollgate.token SET hint = '', revoked_at = now(); UPDATE tollgate.access_rule SET package_pattern = '['`,
      `UPDATE tollgate.account SET disabled = true; UPDATE tollgate.token SET revoked_at = NULL`,
      `UPDATE tollgate.price_tier SET credits_per_mb = 9 WHERE from_bytes = 0; UPDATE tollgate.account SET disabled = false`,
    )
    const restarted = await afterRestart(world)
    expect(faultsOf(restarted)).toEqual([
      ['plan', 'free', 'last good version'],
      ['account', 'alice', 'last good version'],
      ['token', 't', 'stricter of old and new'],
      ['upstream', 'bare', 'last good version'],
      ['upstream', 'kept', 'last good version'],
      ['price_rule', 'p', 'last good version'],
      ['access_rule', 'x', 'stricter of old and new'],
    ])
    expect(seen(restarted)).toEqual(seen(world.keeper.current()))
    expect(restarted.priceRules[0]?.tiers).toMatchObject([{ milliPerMb: 500 }, { milliPerMb: 250 }])
    expect(restarted.upstream('kept')?.credential).toBe('env:TOLLGATE_UPSTREAM_KEPT')
    expect(restarted.tokenByDigest(digest)?.revokedAtMs).toBeDefined()
  })
})

describe('a process that starts', () => {
  test('holds an emptied table whose end nobody recorded', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + limits })
    await world.sql(`SET session_replication_role = replica; DELETE FROM tollgate.limit_rule`)
    expect(faultsOf(await afterRestart(world))).toEqual([['limit_rule', '*', 'rows before it was emptied']])
  })

  test('holds rows whose beginning nobody recorded', async () => {
    await using world = await createPolicyWorld({ setup: onePerson })
    await world.sql(`SET session_replication_role = replica; ${limits} SET session_replication_role = origin`)
    await world.sql(`TRUNCATE tollgate.limit_rule`)
    expect((await afterRestart(world)).state.tables.limit_rule.inForce.size).toBe(2)
  })

  test('guesses nothing that the log has only by digest, and says so', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + others + unguarded })
    await world.sql(
      `UPDATE tollgate.upstream SET grammar = 'maven', credential = 'env:TOLLGATE_UPSTREAM_OTHER' WHERE id = 'kept'`,
    )
    expect(faultsOf(await afterRestart(world))).toEqual([['upstream', 'kept', 'nothing']])
    await world.sql(`UPDATE tollgate.upstream SET grammar = 'pypi'; TRUNCATE tollgate.upstream`)
    const restarted = await afterRestart(world)
    expect(faultsOf(restarted)).toEqual([
      ['upstream', '*', 'rows before it was emptied'],
      ['upstream', 'kept', 'nothing'],
    ])
    expect(policyCheck(restarted.state)[1]?.reasons).toEqual(['the change log has credential only by digest'])
    expect(restarted.upstream('bare')?.host).toBe('bare.example')
  })

  test('starts although the log has what the types of a table do not take', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + limits + unguarded })
    const strange = JSON.stringify({ id: 'b', name: 'NO SLUG' })
    await world.sql(`UPDATE tollgate.limit_rule SET burst = -1; SET session_replication_role = replica;
      UPDATE tollgate.policy_change SET old = '${strange}', new = '${strange}' WHERE table_name = 'limit_rule' AND key = 'b'`)
    expect(faultsOf(await afterRestart(world))).toEqual([
      ['limit_rule', 'a', 'last good version'],
      ['limit_rule', 'b', 'nothing'],
    ])
  })

  test('finds nothing wrong where nothing ever was', async () => {
    await using world = await createPolicyWorld({ setup: onePerson })
    expect(faultsOf(await afterRestart(world))).toEqual([])
  })
})

test('policy check and policy show say what the running process has in force', async () => {
  await using world = await createPolicyWorld({ setup: onePerson + limits + others + unguarded })
  await change(world, `UPDATE tollgate.limit_rule SET burst = -1 WHERE id = 'a'`, `TRUNCATE tollgate.upstream`)
  await world.sql(`UPDATE tollgate.plan SET token_days_max = 0`)
  await expect.poll(() => world.keeper.check().length).toBe(3)
  const commands = createCommandLine({ DATABASE_URL: world.database.url })
  const { problems } = await commands.policyCheck()
  const running = world.keeper.check().map(({ table, id, inForce: instead }) => [table, id, instead])
  const told = problems.map(({ table, key, inForce: instead }) => [table, key, instead])
  // What a process that starts cannot know, besides.
  expect(told).toEqual([...running.slice(0, 2), ['upstream', 'kept', 'nothing'], ...running.slice(2)])
  expect(running).toEqual([
    ['plan', 'free', 'last good version'],
    ['upstream', '*', 'rows before it was emptied'],
    ['limit_rule', 'a', 'last good version'],
  ])
  expect((await commands.policyShow()).limits).toEqual(
    world.keeper.current() && policyShow(world.keeper.current() as PolicySnapshot).limits,
  )
  await commands.close()
})
