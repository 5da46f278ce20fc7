import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { policyShow } from '../../../src/policy/policy-show.ts'
import type { PolicySnapshot } from '../../../src/policy/snapshot.ts'
import { createPolicyWorld, inForce, onePerson } from '../../support/policy.ts'

const good = join(import.meta.dirname, '../../fixtures/good')
const fixture = (name: string): string => readFileSync(join(good, name), 'utf8')

function current(snapshot: PolicySnapshot | undefined): PolicySnapshot {
  if (snapshot === undefined) throw new Error('There is no policy')
  return snapshot
}

test('every kind of limit is read as it is written and shown in words', async () => {
  await using world = await createPolicyWorld({ setup: onePerson + fixture('limits-of-every-kind.sql') })
  const snapshot = current(world.keeper.current())
  expect(policyShow(snapshot).limits.map(({ id, allows, posture }) => [id, allows, posture])).toEqual([
    ['api-address', '10 requests every 1000 ms, at most 50 at once', 'allow'],
    ['api', '10 requests every 1000 ms, at most 50 at once', 'allow'],
    ['cap', '1000 requests at one time', 'local'],
    ['day', '1 credits a day in UTC', 'local'],
    ['hour', "0.5 credits an hour in the account's zone", 'allow'],
    ['month', '4 credits a month in America/Sao_Paulo', 'allow'],
    ['none', '0 requests at one time', 'deny'],
    ['paced', '1 requests every 1000 ms, at most 1 at once, held up to 60000 ms', 'local'],
    ['unpaced', '1 requests every 1000 ms, at most 1 at once', 'allow'],
    ['usual', '1 requests every 1000 ms, at most 1 at once, held up to 3000 ms', 'allow'],
    ['week', "2 bytes a week from Monday in the account's zone", 'allow'],
    ['week-sunday', '3 requests a week from Sunday in Asia/Kathmandu', 'deny'],
  ])
  const { inForce: limits } = snapshot.state.tables.limit_rule
  expect(limits.get('cap')).toMatchObject({ kind: 'concurrency', counts: 'in_flight', amount: 1_000 })
  expect(limits.get('none')).toMatchObject({ enforceAt: 'everything', per: 'everyone', surface: 'gpu' })
  expect(limits.get('week')?.window).toBe('week_mon')
  expect(limits.get('week-sunday')?.window).toBe('week_sun')
})

test.each([
  ['pypi', 3_000],
  ['gpu', 0],
  [null, 0],
])('a rate of surface %s that says nothing of pace holds %i ms at most', async (surface, paceMsMax) => {
  await using world = await createPolicyWorld()
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, burst, every)
     VALUES ('r', 'r', 'rate', 'requests', $1, 1, 1, '1 second')`,
    [surface],
  )
  await inForce(world.keeper, ({ state }) => state.tables.limit_rule.inForce.get('r')?.paceMsMax === paceMsMax)
})

test('the heat of a price is read and shown, and the colder rule follows the one of its kind', async () => {
  await using world = await createPolicyWorld({ setup: fixture('prices-by-heat.sql') })
  const listing = policyShow(current(world.keeper.current()))
  expect(listing.prices.map(({ id, heat }) => [id, heat])).toEqual([
    ['hot', 'hot'],
    ['normal', 'normal'],
    ['rare', 'rare'],
  ])
})

const granted = `
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window")
    VALUES ('d', 'daily', 'quota', 'credits', 1, 'day'), ('e', 'other', 'quota', 'credits', 1, 'day');
  INSERT INTO tollgate.grant (id, limit_name, account, amount, starts_at, ends_at)
    VALUES ('g', 'daily', 'alice', 0.5, '2026-11-22 10:00Z', '2026-11-22 11:00Z');`

test('a grant is shown, recorded and versioned, and goes with its limit’s name', async () => {
  await using world = await createPolicyWorld({ setup: onePerson + granted })
  const shown = () => policyShow(current(world.keeper.current())).grants
  const line = { id: 'g', adds: '0.5 credits', to: 'account alice' }
  const span = { from: '2026-11-22T10:00:00.000Z', until: '2026-11-22T11:00:00.000Z' }
  expect(shown()).toEqual([{ ...line, ...span, limit: 'daily' }])
  await world.sql(`UPDATE tollgate.limit_rule SET name = 'each-day' WHERE name = 'daily'`)
  await inForce(world.keeper, () => shown()[0]?.['limit'] === 'each-day')
  expect(shown()).toEqual([{ ...line, ...span, limit: 'each-day' }])
  await world.sql(`DELETE FROM tollgate.grant`)
  await inForce(world.keeper, () => shown().length === 0)
  const { rows } = await world.sql(
    `SELECT key, old IS NULL AS is_new, new IS NULL AS is_gone FROM tollgate.policy_change WHERE table_name = 'grant' ORDER BY id`,
  )
  expect(rows).toEqual([
    { key: 'g', is_new: true, is_gone: false },
    { key: 'g', is_new: false, is_gone: false },
    { key: 'g', is_new: false, is_gone: true },
  ])
})

test('a grant stays with a name that other rows still have', async () => {
  const twice = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", applies_to_plan)
    VALUES ('f', 'daily', 'quota', 'credits', 2, 'day', 'free');`
  await using world = await createPolicyWorld({ setup: onePerson + granted + twice })
  await world.sql(`UPDATE tollgate.limit_rule SET name = 'each-day' WHERE id = 'd'`)
  await inForce(world.keeper, ({ state }) => state.tables.limit_rule.inForce.get('d')?.name === 'each-day')
  expect(policyShow(current(world.keeper.current())).grants[0]?.['limit']).toBe('daily')
})

test('a grant that the database let pass broken keeps its last good version', async () => {
  await using world = await createPolicyWorld({ setup: onePerson + granted })
  await world.sql(`ALTER TABLE tollgate.grant DROP CONSTRAINT grant_amount_is_positive;
    UPDATE tollgate.grant SET amount = -1;
    INSERT INTO tollgate.grant (id, limit_name, account, amount, ends_at) VALUES ('new', 'daily', 'alice', -1, now() + interval '1 day')`)
  await inForce(world.keeper, () => world.keeper.check().length === 2)
  expect(world.keeper.check()).toEqual([
    { table: 'grant', id: 'g', reasons: ['grant_amount_is_positive'], inForce: 'last good version' },
    { table: 'grant', id: 'new', reasons: ['grant_amount_is_positive'], inForce: 'nothing' },
  ])
  expect(world.keeper.current()?.state.tables.grant.inForce.get('g')?.amount).toEqual({ whole: 0, milli: 500 })
})
