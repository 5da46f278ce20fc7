import { describe, expect, test } from 'vitest'
import type { PolicySnapshot } from '../../../src/policy/snapshot.ts'
import { createPool } from '../../../src/postgres/pool.ts'
import { seedDemo } from '../../../src/postgres/seeds.ts'
import { createPolicyWorld, inForce, onePerson } from '../../support/policy.ts'

const digest = 'ab'.repeat(32)
const token = `INSERT INTO tollgate.token (id, account, digest, hint, expires_at)
  VALUES ('t1', 'alice', '${digest}', 'tg_ab…cd', now() + interval '7 days');`
const rate = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every)
  VALUES ('r', 'r', 'rate', 'requests', 50, 300, '1 second');`

function amountOf(snapshot: PolicySnapshot): number | undefined {
  const alice = snapshot.account('alice')
  return alice && snapshot.limitsOf(alice, 0)[0]?.amount
}

describe('createPolicyKeeper()', () => {
  test('has committed changes in force without waiting for a poll', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + token + rate })
    expect(world.keeper.current()?.tokenByDigest(digest)?.account).toBe('alice')
    expect(world.keeper.status().listening).toBe(true)
    const times: number[] = []
    for (let amount = 1; amount <= 20; amount += 1) {
      const seen = inForce(world.keeper, (snapshot) => amountOf(snapshot) === amount)
      await world.sql(`UPDATE tollgate.limit_rule SET amount = ${amount}`)
      times.push(await seen)
    }
    // A poll alone would take 375 ms on average.
    expect(times.toSorted((left, right) => left - right)[10]).toBeLessThan(100)
  })

  test('has a revoked token in force at once, and touches no other token', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + token })
    const before = world.keeper.current()
    const seen = inForce(world.keeper, (snapshot) => snapshot.tokenByDigest(digest)?.revokedAtMs !== undefined)
    await world.sql(`UPDATE tollgate.token SET revoked_at = now() WHERE id = 't1'`)
    expect(await seen).toBeLessThan(500)
    expect(before?.tokenByDigest(digest)?.revokedAtMs).toBeUndefined()
    expect(world.keeper.current()?.account('alice')).toBe(before?.account('alice'))
    await world.sql(`DELETE FROM tollgate.token`)
    await inForce(world.keeper, (snapshot) => snapshot.tokenByDigest(digest) === undefined)
  })

  test('finds a change within a second when its NOTIFY is lost', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + rate })
    const { rows } = await world.sql(`SELECT pg_get_functiondef('tollgate.take_version'::regproc) AS text`)
    await world.sql(String(rows[0]?.text).replace(/PERFORM pg_notify[^;]*;/, ''))
    const times: number[] = []
    for (let amount = 1; amount <= 4; amount += 1) {
      const seen = inForce(world.keeper, (snapshot) => amountOf(snapshot) === amount)
      await world.sql(`UPDATE tollgate.limit_rule SET amount = ${amount}`)
      times.push(await seen)
    }
    expect(Math.max(...times)).toBeLessThan(1_000)
    // Otherwise the doorbell rang after all, and this test shows nothing.
    expect(Math.max(...times)).toBeGreaterThan(100)
  })

  test('heals when its connections are killed', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + rate })
    await world.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'tollgate policy%'`)
    const seen = inForce(world.keeper, (snapshot) => amountOf(snapshot) === 7)
    await world.sql(`UPDATE tollgate.limit_rule SET amount = 7`)
    expect(await seen).toBeLessThan(1_000)
    await expect.poll(() => world.keeper.status().listening).toBe(true)
    const pids = await world.sql(`SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'tollgate policy doorbell'`)
    expect(pids.rowCount).toBe(1)
  })

  test('sees what an open transaction wrote only after its COMMIT, although younger changes were there first', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + rate })
    const slow = await world.another()
    await slow.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await slow.query(`INSERT INTO tollgate.plan (id) VALUES ('slow')`)
    const seen = inForce(world.keeper, (snapshot) => amountOf(snapshot) === 9, 1_000)
    await world.sql(`SET lock_timeout = 500; UPDATE tollgate.limit_rule SET amount = 9`)
    await seen
    expect(world.keeper.current()?.plan('slow')).toBeUndefined()
    const quick = await world.another()
    await quick.query('BEGIN')
    await quick.query(`INSERT INTO tollgate.plan (id) VALUES ('quick')`)
    await slow.query('COMMIT')
    await inForce(world.keeper, (snapshot) => snapshot.plan('slow') !== undefined)
    expect(world.keeper.current()?.plan('quick')).toBeUndefined()
    await quick.query('COMMIT')
    await inForce(world.keeper, (snapshot) => snapshot.plan('quick') !== undefined)
    const { rows } = await world.sql(`SELECT c.version::int, h.key FROM tollgate.policy_change h
      JOIN tollgate.policy_commit c ON c.id = h.commit WHERE h.key IN ('slow', 'quick') ORDER BY c.version`)
    expect(rows.map((row) => row.key)).toEqual(['slow', 'quick'])
  })

  test('never sees what was rolled back, be it a transaction or a part of one', async () => {
    await using world = await createPolicyWorld({ setup: onePerson })
    await world.sql(`BEGIN; INSERT INTO tollgate.plan (id) VALUES ('never'); ROLLBACK`)
    await world.sql(`BEGIN; INSERT INTO tollgate.plan (id) VALUES ('kept'); SAVEPOINT s;
      INSERT INTO tollgate.plan (id) VALUES ('undone'); ROLLBACK TO s; COMMIT`)
    await world.sql(`BEGIN; SAVEPOINT s; INSERT INTO tollgate.plan (id) VALUES ('undone'); ROLLBACK TO s;
      INSERT INTO tollgate.plan (id) VALUES ('last'); COMMIT`)
    await inForce(world.keeper, (snapshot) => snapshot.plan('last') !== undefined)
    const snapshot = world.keeper.current()
    expect(['never', 'kept', 'undone'].map((id) => snapshot?.plan(id)?.id)).toEqual([undefined, 'kept', undefined])
  })

  test('reads everything anew when the history is another', async () => {
    await using world = await createPolicyWorld({ setup: onePerson })
    await world.sql(`SET session_replication_role = replica; INSERT INTO tollgate.plan (id) VALUES ('restored');
      SET session_replication_role = origin; SELECT tollgate.redraw_history()`)
    await inForce(world.keeper, (snapshot) => snapshot.plan('restored') !== undefined)
  })

  test('reads everything anew when too much changed at once', async () => {
    await using world = await createPolicyWorld({ setup: onePerson })
    await world.sql(`INSERT INTO tollgate.plan (id) SELECT 'plan-' || n FROM generate_series(1, 25000) n`)
    await inForce(world.keeper, (snapshot) => snapshot.plan('plan-25000') !== undefined)
    await world.sql(`DELETE FROM tollgate.plan WHERE id LIKE 'plan-%'`)
    await inForce(world.keeper, (snapshot) => snapshot.plan('plan-25000') === undefined)
  })

  test('holds an emptied table until it is confirmed, and again the next time', async () => {
    await using world = await createPolicyWorld({ setup: onePerson + rate })
    const { keeper } = world
    await world.sql(`TRUNCATE tollgate.limit_rule`)
    await expect.poll(() => keeper.check()).toMatchObject([{ table: 'limit_rule', id: '*' }])
    const current = keeper.current()
    expect(current && amountOf(current)).toBe(50)
    await world.sql(`SELECT tollgate.confirm_emptied('limit_rule')`)
    await inForce(keeper, (snapshot) => amountOf(snapshot) === undefined)
    expect(keeper.check()).toEqual([])
    await world.sql(rate)
    await inForce(keeper, (snapshot) => amountOf(snapshot) === 50)
    await world.sql(`DELETE FROM tollgate.limit_rule`)
    await expect.poll(() => keeper.check().length).toBe(1)
    await world.sql(rate.replaceAll(`'r'`, `'other'`))
    await expect.poll(() => keeper.check().length).toBe(0)
    const alice = keeper.current()?.account('alice')
    expect(
      alice &&
        keeper
          .current()
          ?.limitsOf(alice, 0)
          .map((limit) => limit.name),
    ).toEqual(['other'])
    await expect(world.sql(`SELECT tollgate.confirm_emptied('limit_rule')`)).rejects.toThrow('not empty')
  })

  test('takes the demo, twice, without a fault', async () => {
    await using world = await createPolicyWorld()
    const pool = createPool(world.database.url, () => undefined)
    await seedDemo(pool)
    await inForce(world.keeper, (snapshot) => snapshot.account('alice') !== undefined)
    const version = world.keeper.current()?.version
    await seedDemo(pool)
    await pool.end()
    const { rows } = await world.sql('SELECT version::int FROM tollgate.policy_version')
    expect(rows[0]?.version).toBe(version)
    expect(world.keeper.check()).toEqual([])
    const alice = world.keeper.current()?.account('alice')
    const limits = (alice && world.keeper.current()?.limitsOf(alice, 0)) ?? []
    expect(limits.map((limit) => limit.id)).toEqual([
      'daily-credits-free',
      'department-daily-credits',
      'gpu-calls-free',
      'gpu-daily-credits-free',
      'hourly-credits-free',
      'package-requests-free',
      'project-daily-credits',
    ])
    expect(limits.find((limit) => limit.name === 'daily-credits')?.amount).toBe(2_000_000)
  })
})
