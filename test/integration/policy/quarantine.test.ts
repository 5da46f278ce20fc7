import { describe, expect, test } from 'vitest'
import { decideAccess } from '../../../src/core/decide-access.ts'
import { matchesPattern } from '../../../src/policy/pattern.ts'
import { createPolicyWorld, inForce, onePerson, type PolicyWorld } from '../../support/policy.ts'

const digest = 'ab'.repeat(32)
const token = `INSERT INTO tollgate.token (id, account, digest, hint, expires_at)
  VALUES ('t', 'alice', '${digest}', 'tg_…', now() + interval '5 days');`
const limit = (values: string): string =>
  `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every, posture, shadow) VALUES ${values};`

/** Lets anything in, as a restore with constraints disabled would. */
const unguarded = `
  ALTER TABLE tollgate.limit_rule DROP CONSTRAINT limit_burst_is_positive;
  ALTER TABLE tollgate.price_rule DROP CONSTRAINT price_base_is_not_negative;
  ALTER TABLE tollgate.plan DROP CONSTRAINT plan_token_days_max_is_1_to_3650;
  ALTER TABLE tollgate.account DROP CONSTRAINT account_time_zone_is_known;
  ALTER TABLE tollgate.upstream DROP CONSTRAINT upstream_grammar_is_known;
  ALTER TABLE tollgate.token DROP CONSTRAINT token_hint_shows_no_secret;
  ALTER TABLE tollgate.access_rule DROP CONSTRAINT access_package_pattern_is_a_pattern;`

/** Runs the statement and waits until the keeper has seen its version. */
async function change(world: PolicyWorld, sql: string): Promise<void> {
  await world.sql(sql)
  const { rows } = await world.sql('SELECT version::int FROM tollgate.policy_version')
  await inForce(world.keeper, (snapshot) => snapshot.version >= Number(rows[0]?.version))
}

const faultsIn = ({ keeper }: PolicyWorld): readonly unknown[] =>
  keeper.check().map(({ table, id, inForce: instead }) => [table, id, instead])

function limitsOfAlice({ keeper }: PolicyWorld): readonly unknown[] {
  const snapshot = keeper.current()
  const alice = snapshot?.account('alice')
  return (alice && snapshot?.limitsOf(alice, 0).map(({ name, amount }) => [name, amount])) ?? []
}

describe('a faulty row', () => {
  test('of limits leaves the last good version in force, heals, and lets everything else work', async () => {
    await using world = await createPolicyWorld({
      setup: onePerson + unguarded + limit(`('r', 'r', 'rate', 'requests', 50, 300, '1 second', 'allow', false)`),
    })
    await change(
      world,
      `UPDATE tollgate.limit_rule SET burst = 0, amount = 60; INSERT INTO tollgate.plan (id) VALUES ('next')`,
    )
    expect(world.keeper.check()).toEqual([
      { table: 'limit_rule', id: 'r', reasons: ['limit_burst_is_positive'], inForce: 'last good version' },
    ])
    expect(limitsOfAlice(world)).toEqual([['r', 50]])
    expect(world.keeper.current()?.plan('next')).toBeDefined()
    await change(world, `UPDATE tollgate.limit_rule SET burst = 1`)
    expect(world.keeper.check()).toEqual([])
    expect(limitsOfAlice(world)).toEqual([['r', 60]])
    await change(world, `UPDATE tollgate.limit_rule SET burst = 0`)
    await change(world, `DELETE FROM tollgate.limit_rule; SELECT tollgate.confirm_emptied('limit_rule')`)
    expect(world.keeper.check()).toEqual([])
    expect(limitsOfAlice(world)).toEqual([])
  })

  test('of limits that was never good refuses everything if its posture is deny, else counts for nothing', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + unguarded })
    await change(
      world,
      limit(`('a', 'a', 'rate', 'requests', 50, 0, '1 second', 'allow', false),
        ('d', 'd', 'rate', 'requests', 50, 0, '1 second', 'deny', false),
        ('s', 's', 'rate', 'requests', 50, 0, '1 second', 'deny', true)`),
    )
    expect(faultsIn(world)).toEqual([
      ['limit_rule', 'a', 'nothing'],
      ['limit_rule', 'd', 'denies'],
      ['limit_rule', 's', 'nothing'],
    ])
    const snapshot = world.keeper.current()
    const alice = snapshot?.account('alice')
    expect(alice && snapshot?.limitsOf(alice, 0)).toMatchObject([
      {
        name: 'd',
        kind: 'quota',
        counts: 'requests',
        amount: 0,
        enforceAt: 'everything',
        posture: 'deny',
        shadow: false,
      },
    ])
  })

  test('of prices, plans, accounts and upstreams leaves the last good version in force', async () => {
    await using world = await createPolicyWorld({
      setup: `${onePerson}${unguarded} INSERT INTO tollgate.price_rule (id, surface, base_credits) VALUES ('p', 'pypi', 2);
        INSERT INTO tollgate.upstream (id, surface, origin_url, grammar) VALUES ('u', 'pypi', 'http://x', 'pypi');`,
    })
    await change(
      world,
      `UPDATE tollgate.price_rule SET base_credits = -1; UPDATE tollgate.plan SET token_days_max = 0;
       UPDATE tollgate.account SET time_zone = 'Mars/Olympus'; UPDATE tollgate.upstream SET grammar = 'maven'`,
    )
    expect(faultsIn(world)).toEqual([
      ['plan', 'free', 'last good version'],
      ['account', 'alice', 'last good version'],
      ['upstream', 'u', 'last good version'],
      ['price_rule', 'p', 'last good version'],
    ])
    const snapshot = world.keeper.current()
    expect(snapshot?.priceRules).toMatchObject([{ baseMilli: 2000 }])
    expect(snapshot?.plan('free')?.tokenDaysMax).toBe(7)
    expect(snapshot?.account('alice')).toMatchObject({ timeZone: 'UTC', disabled: false })
    expect(snapshot?.upstream('u')?.grammar).toBe('pypi')
    await change(world, `UPDATE tollgate.account SET disabled = true`)
    expect(world.keeper.current()?.account('alice')).toMatchObject({ timeZone: 'UTC', disabled: true })
  })

  test('of tokens is in force only as far as it is stricter', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + token + unguarded })
    const expires = world.keeper.current()?.tokenByDigest(digest)?.expiresAtMs ?? 0
    await change(world, `UPDATE tollgate.token SET hint = '', expires_at = expires_at + interval '1 day'`)
    expect(faultsIn(world)).toEqual([['token', 't', 'stricter of old and new']])
    expect(world.keeper.current()?.tokenByDigest(digest)?.expiresAtMs).toBe(expires)
    await change(world, `UPDATE tollgate.token SET expires_at = expires_at - interval '2 days'`)
    expect(world.keeper.current()?.tokenByDigest(digest)?.expiresAtMs).toBe(expires - 86_400_000)
    await change(world, `UPDATE tollgate.token SET revoked_at = now()`)
    expect(world.keeper.current()?.tokenByDigest(digest)?.revokedAtMs).toBeGreaterThan(0)
    await change(world, `UPDATE tollgate.token SET digest = repeat('cd', 32)`)
    expect(world.keeper.current()?.tokenByDigest(digest)).toBeUndefined()
    expect(world.keeper.current()?.tokenByDigest('cd'.repeat(32))).toBeUndefined()
    expect(faultsIn(world)).toEqual([['token', 't', 'nothing']])
  })

  test('of access rules that denies is tightened even though it is faulty', async () => {
    await using world = await createPolicyWorld({
      setup: `${onePerson}${unguarded} INSERT INTO tollgate.access_rule (id, effect, package_pattern, expires_at, reason)
        VALUES ('old', 'deny', 'evil', now() + interval '1 day', 'Evil');`,
    })
    const denied = (resource: string, address: string): boolean =>
      decideAccess(
        world.keeper.current()?.accessRules ?? [],
        { surface: 'pypi', kind: 'artifact', account: 'alice', address, resource, nowMs: Date.now() + 10 * 86_400_000 },
        matchesPattern,
      ).kind === 'deny'
    expect(denied('evil', '203.0.113.1')).toBe(false)
    await change(
      world,
      `UPDATE tollgate.access_rule SET package_pattern = 'evil(?!x)', expires_at = NULL, network = '198.51.100.0/24';
       INSERT INTO tollgate.access_rule (id, effect, package_pattern, network, reason) VALUES ('new', 'deny', '[', '192.0.2.0/24', 'New');
       INSERT INTO tollgate.access_rule (id, effect, package_pattern, reason) VALUES ('unreadable', 'deny', '[', 'What?')`,
    )
    expect(faultsIn(world)).toEqual([
      ['access_rule', 'new', 'stricter of old and new'],
      ['access_rule', 'old', 'stricter of old and new'],
      ['access_rule', 'unreadable', 'nothing'],
    ])
    // The old pattern goes on, now without end; of the new rows what can be read applies.
    expect(denied('evil', '203.0.113.1')).toBe(true)
    expect(denied('good', '198.51.100.1')).toBe(true)
    expect(denied('good', '192.0.2.1')).toBe(true)
    expect(denied('good', '203.0.113.1')).toBe(false)
    // A deny that turns into a faulty allow goes on denying.
    await change(world, `UPDATE tollgate.access_rule SET effect = 'allow' WHERE id = 'old'`)
    expect(denied('evil', '203.0.113.1')).toBe(true)
    await change(world, `DELETE FROM tollgate.access_rule`)
    expect(denied('evil', '203.0.113.1')).toBe(false)
  })
})
