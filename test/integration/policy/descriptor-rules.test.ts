import { expect, test } from 'vitest'
import { matchDescriptor } from '../../../src/core/match-descriptor.ts'
import { policyShow } from '../../../src/policy/policy-show.ts'
import { readPolicy } from '../../../src/policy/read-policy.ts'
import { faultsOf, type PolicySnapshot } from '../../../src/policy/snapshot.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { createPolicyWorld, inForce, type PolicyWorld } from '../../support/policy.ts'

type Entries = Readonly<Record<string, string>>

/** Ids of the rules of a descriptor, and what each counts. */
function matched(snapshot: PolicySnapshot | undefined, entries: Entries, domainId = 'envoy') {
  const domain = snapshot?.descriptorDomain(domainId)
  const list = Object.entries(entries).map(([key, value]) => ({ key, value }))
  return domain && (matchDescriptor(domain, list) ?? []).map(({ id, amount }) => ({ id, ...amount }))
}
const ids = (snapshot: PolicySnapshot | undefined, entries: Entries) =>
  matched(snapshot, entries)
    ?.map(({ id }) => id)
    .join()

/** What a process that starts now has in force is what the running one has. */
async function expectSameAfterRestart({ database, keeper }: PolicyWorld): Promise<void> {
  const policies = createPostgresPolicyDatabase({ databaseUrl: database.url })
  try {
    const restarted = await readPolicy(policies)
    const running = keeper.current()
    expect(faultsOf(restarted)).toEqual(running && faultsOf(running))
    expect(policyShow(restarted)).toEqual(running && policyShow(running))
  } finally {
    await policies.close()
  }
}

const setup = `
  INSERT INTO tollgate.descriptor_domain (id) VALUES ('envoy');
  INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit) VALUES
    ('ten', 'envoy', '[{"key":"user"}]', 10, 'second');`

test('a COMMIT is in force within a second: come, changed, moved and gone', async () => {
  await using world = await createPolicyWorld({ setup })
  const { keeper } = world
  expect(matched(keeper.current(), { user: 'ann' })).toEqual([
    { id: 'ten', kind: 'window', amount: 10, period: { unit: 'second', units: 1 } },
  ])
  await world.sql(`INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit, units, time_zone, kind, burst)
    VALUES ('day', 'envoy', '[{"key":"user"}]', 250, 'day', NULL, 'Asia/Kolkata', 'window', NULL),
           ('wild', 'envoy', '[{"key":"user","value":"a*n"}]', 3, 'minute', 5, NULL, 'rate', 7),
           ('slots', 'envoy', '[{"key":"job"}]', 2, NULL, NULL, NULL, 'concurrency', NULL)`)
  const ms = await inForce(keeper, (snapshot) => ids(snapshot, { user: 'bob' }) === 'day,ten')
  expect(ms).toBeLessThan(1_000)
  expect(matched(keeper.current(), { user: 'ann' })).toEqual([
    { id: 'wild', kind: 'rate', amount: 3, burst: 7, period: { unit: 'minute', units: 5 } },
  ])
  expect(matched(keeper.current(), { job: '1' })).toEqual([
    { id: 'slots', kind: 'concurrency', amount: 2, slotMs: 3_600_000 },
  ])
  await world.sql(`UPDATE tollgate.descriptor_limit SET amount = 1 WHERE id = 'slots'`)
  await inForce(keeper, (snapshot) => JSON.stringify(matched(snapshot, { job: '1' })).includes('"amount":1,'))
  await world.sql(`UPDATE tollgate.descriptor_limit SET entries = '[{"key":"user","value":"bob"}]' WHERE id = 'day'`)
  await inForce(keeper, (snapshot) => ids(snapshot, { user: 'bob' }) === 'day')
  expect(ids(keeper.current(), { user: 'eve' })).toBe('ten')
  await world.sql(`DELETE FROM tollgate.descriptor_limit WHERE id = 'wild'`)
  await inForce(keeper, (snapshot) => ids(snapshot, { user: 'ann' }) === 'ten')
  expect(matched(keeper.current(), { user: 'ann' }, 'other')).toBeUndefined()
  expect(keeper.check()).toEqual([])
})

test('a row that RE2 does not take keeps its last good version, denies by posture, or is left out', async () => {
  await using world = await createPolicyWorld({ setup })
  const { keeper } = world
  // PostgreSQL cannot tell that this is no RE2.
  const broken = '[{"key":"user","regex":"(a"}]'
  await world.sql(`UPDATE tollgate.descriptor_limit SET entries = '${broken}', amount = 99 WHERE id = 'ten'`)
  await inForce(keeper, () => keeper.check().length === 1)
  expect(matched(keeper.current(), { user: 'ann' })).toMatchObject([{ id: 'ten', amount: 10 }])
  const words = 'entries: "(a" of the key "user" is no RE2: missing closing ): `(a`'
  const reasons = ['descriptor_limit_regex_is_re2', words]
  expect(keeper.check()).toEqual([{ table: 'descriptor_limit', id: 'ten', reasons, inForce: 'last good version' }])
  await expectSameAfterRestart(world)

  await world.sql(`INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit, posture) VALUES
    ('denies', 'envoy', '[{"key":"host"},{"key":"user","regex":"(a"}]', 5, 'day', 'deny'),
    ('left', 'envoy', '${broken}', 5, 'day', NULL)`)
  await inForce(keeper, () => keeper.check().length === 3)
  expect(keeper.check().map(({ id, inForce: instead }) => [id, instead])).toEqual([
    ['denies', 'denies'],
    ['left', 'nothing'],
    ['ten', 'last good version'],
  ])
  expect(matched(keeper.current(), { host: 'x', user: 'y' })).toMatchObject([{ id: 'denies', amount: 0 }])
  expect(ids(keeper.current(), { user: 'ann' })).toBe('ten')
  await expectSameAfterRestart(world)
  await world.sql(`UPDATE tollgate.descriptor_domain SET posture = 'deny'`)
  await inForce(keeper, (snapshot) => ids(snapshot, { user: 'ann' }) === 'left,ten')
  expect(keeper.check().map(({ inForce: instead }) => instead)).toEqual(['denies', 'denies', 'last good version'])
  await expectSameAfterRestart(world)
  await world.sql(`UPDATE tollgate.descriptor_limit SET entries = '[{"key":"user"}]'`)
  await inForce(keeper, () => keeper.check().length === 0)
  expect(ids(keeper.current(), { user: 'ann' })).toBe('denies,left,ten')
})

test('limits and domains that were emptied stay until that is confirmed, also for a process that starts then', async () => {
  await using world = await createPolicyWorld({ setup })
  const { keeper } = world
  await world.sql('TRUNCATE tollgate.descriptor_domain CASCADE')
  await inForce(keeper, () => keeper.check().length === 2)
  expect(keeper.check().map(({ table, id, inForce: instead }) => [table, id, instead])).toEqual([
    ['descriptor_domain', '*', 'rows before it was emptied'],
    ['descriptor_limit', '*', 'rows before it was emptied'],
  ])
  expect(ids(keeper.current(), { user: 'ann' })).toBe('ten')
  await expectSameAfterRestart(world)
  await world.sql(`SELECT tollgate.confirm_emptied('descriptor_limit')`)
  await inForce(keeper, (snapshot) => ids(snapshot, { user: 'ann' }) === '')
  await world.sql(`SELECT tollgate.confirm_emptied('descriptor_domain')`)
  await inForce(keeper, (snapshot) => snapshot.descriptorDomain('envoy') === undefined)
  expect(keeper.check()).toEqual([])
  await expectSameAfterRestart(world)
})

test('a renamed domain takes its limits with it', async () => {
  await using world = await createPolicyWorld({ setup })
  await world.sql(`UPDATE tollgate.descriptor_domain SET id = 'edge, Zürich'`)
  await inForce(world.keeper, (snapshot) => snapshot.descriptorDomain('envoy') === undefined)
  expect(matched(world.keeper.current(), { user: 'ann' }, 'edge, Zürich')).toMatchObject([{ id: 'ten' }])
  expect(world.keeper.check()).toEqual([])
})

test('policy show says domains and limits of descriptors in words', async () => {
  await using world = await createPolicyWorld({
    setup: `
    INSERT INTO tollgate.descriptor_domain (id) VALUES ('envoy');
    INSERT INTO tollgate.descriptor_domain (id, counting, charges_refused, headers, headers_show, trusts_descriptors, surface)
      VALUES ('edge', 'each', true, 'both', 'all', true, 'gpu');
    INSERT INTO tollgate.descriptor_limit (id, domain, entries, kind, amount, unit, units, time_zone, burst, held_seconds, name, replaces) VALUES
      ('a', 'envoy', '[{"key":"user"},{"key":"path","value":"/a*"}]', 'window', 10, 'minute', 5, NULL, NULL, NULL, 'ten', '{}'),
      ('b', 'envoy', '[{"key":"user","value":""}]', 'window', 250, 'day', NULL, 'UTC', NULL, NULL, NULL, '{ten,x}'),
      ('c', 'edge', '[{"key":"path","regex":"/v[0-9]+","share_threshold":true}]', 'rate', 3, 'second', NULL, NULL, 7, NULL, NULL, '{}'),
      ('d', 'edge', '[{"key":"ip","cidr":"10.0.0.0/8"}]', 'concurrency', 4, NULL, NULL, NULL, NULL, 60, NULL, '{}'),
      ('e', 'edge', '[{"key":"free"}]', 'unlimited', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}')`,
  })
  const snapshot = world.keeper.current()
  const { domains, descriptors } = snapshot ? policyShow(snapshot) : { domains: [], descriptors: [] }
  expect(domains.map(({ id, counting, headers, trusts }) => [id, counting, headers, trusts])).toEqual([
    ['edge', 'each', 'both of all', 'accounts of gpu'],
    ['envoy', 'all_or_nothing', 'ratelimit of tightest', 'reservations'],
  ])
  expect(descriptors.map(({ id, path, allows, replaces }) => [id, path, allows, replaces])).toEqual([
    ['e', 'free', 'everything', ''],
    ['d', 'ip in 10.0.0.0/8', '4 at one time, each held 60 s at most', ''],
    ['c', 'path ~ /v[0-9]+ (all together)', '3 each second, at most 7 at once', ''],
    ['b', 'user = ""', '250 each day in UTC', 'ten, x'],
    ['a', 'user, path = /a*', '10 each 5 minutes', ''],
  ])
})
