import { expect, test } from 'vitest'
import { matchDescriptor } from '../../../src/core/match-descriptor.ts'
import type { PolicySnapshot } from '../../../src/policy/snapshot.ts'
import { createPolicyWorld, inForce } from '../../support/policy.ts'

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
