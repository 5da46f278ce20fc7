import { expect, test } from 'vitest'
import { policyShow } from '../../../src/policy/policy-show.ts'
import { readPolicy } from '../../../src/policy/read-policy.ts'
import type { PolicySnapshot } from '../../../src/policy/snapshot.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { createPolicyWorld, inForce, onePerson } from '../../support/policy.ts'

const place = { account: 'alice', project: 'vision', department: 'research', plan: 'free' }
const percentsOf = (snapshot: PolicySnapshot | undefined) =>
  snapshot?.alertPercentsFor({ limitName: 'daily', place }).join()

test('rules of levels come, change and go without a restart, and an emptied table is not held', async () => {
  await using world = await createPolicyWorld({ setup: onePerson })
  const told = (percents: string) => inForce(world.keeper, (snapshot) => percentsOf(snapshot) === percents)
  await told('80,95,100')
  await world.sql(`INSERT INTO tollgate.alert_rule (id, percents) VALUES ('all', '{90,70}')`)
  await told('70,90')
  await world.sql(
    `INSERT INTO tollgate.alert_rule (id, plan, limit_name, percents) VALUES ('free', 'free', 'daily', '{60}')`,
  )
  await told('60')
  await world.sql(`UPDATE tollgate.alert_rule SET percents = '{}' WHERE id = 'free'`)
  await told('')
  await world.sql('TRUNCATE tollgate.alert_rule')
  await told('80,95,100')
  expect(world.keeper.check()).toEqual([])
})

test('a rule that the database let pass broken keeps its last good version, also for a process that starts then', async () => {
  await using world = await createPolicyWorld({ setup: onePerson })
  await world.sql(`INSERT INTO tollgate.alert_rule (id, account, percents) VALUES ('own', 'alice', '{70,90}')`)
  await inForce(world.keeper, (snapshot) => percentsOf(snapshot) === '70,90')
  await world.sql(`ALTER TABLE tollgate.alert_rule DROP CONSTRAINT alert_rule_percents_are_1_to_1000;
                   UPDATE tollgate.alert_rule SET percents = '{0}'`)
  await inForce(world.keeper, () => world.keeper.check().length > 0)
  const faults = [
    {
      ...{ table: 'alert_rule', id: 'own', reasons: ['alert_rule_percents_are_1_to_1000'] },
      inForce: 'last good version',
    },
  ]
  expect(world.keeper.check()).toEqual(faults)
  expect(percentsOf(world.keeper.current())).toBe('70,90')
  const database = createPostgresPolicyDatabase({ databaseUrl: world.database.url })
  expect(percentsOf(await readPolicy(database))).toBe('70,90')
  await database.close()
})

test('policy show says who is told when', async () => {
  await using world = await createPolicyWorld({ setup: onePerson })
  await world.sql(`INSERT INTO tollgate.alert_rule (id, account, limit_name, percents)
                     VALUES ('own', 'alice', 'daily', '{50,100}'), ('hush', NULL, NULL, '{}')`)
  await inForce(world.keeper, (snapshot) => percentsOf(snapshot) === '50,100')
  const snapshot = world.keeper.current()
  expect(snapshot && policyShow(snapshot).alerts).toEqual([
    { id: 'hush', limit: 'every quota', for: 'anyone', told_at: 'never' },
    { id: 'own', limit: 'daily', for: 'account alice', told_at: '50 %, 100 %' },
  ])
})
