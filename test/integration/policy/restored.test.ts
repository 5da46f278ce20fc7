import { expect, test } from 'vitest'
import { clock } from '../../../src/compose/clock.ts'
import { createPolicyKeeper } from '../../../src/policy/keeper.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { createPool } from '../../../src/postgres/pool.ts'
import { restored } from '../../../src/postgres/restored.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { createPolicyWorld, inForce, onePerson, type PolicyWorld } from '../../support/policy.ts'

/** A second keeper on the world's database that records what it is warned of. */
async function listening(world: PolicyWorld) {
  const warnings: unknown[] = []
  const observer: Observer = {
    ...silentObserver,
    warn: (event, details) => void (event === 'policy_restored' && warnings.push(details)),
  }
  const database = createPostgresPolicyDatabase({ databaseUrl: world.database.url })
  const keeper = createPolicyKeeper({ database, observer, clock })
  await keeper.ready
  return { keeper, warnings }
}

/** What a restore in place leaves: older rows under the same history, and versions that other rows had before. */
const goBack = `
  ALTER TABLE tollgate.policy_commit DISABLE TRIGGER USER;
  ALTER TABLE tollgate.policy_change DISABLE TRIGGER USER;
  ALTER TABLE tollgate.account DISABLE TRIGGER USER;
  DELETE FROM tollgate.policy_change WHERE commit = (SELECT max(id) FROM tollgate.policy_commit);
  DELETE FROM tollgate.policy_commit WHERE id = (SELECT max(id) FROM tollgate.policy_commit);
  DELETE FROM tollgate.account WHERE id = 'bob';
  ALTER TABLE tollgate.account ENABLE TRIGGER USER`

test('a version that goes back is noticed by itself: all is read anew, and it is said what to do', async () => {
  await using world = await createPolicyWorld({ setup: onePerson })
  await world.sql(`INSERT INTO tollgate.account (id, project, plan) SELECT 'bob', project, plan FROM tollgate.account`)
  const { keeper, warnings } = await listening(world)
  await inForce(keeper, (snapshot) => snapshot.account('bob') !== undefined)
  await world.sql(goBack)
  await inForce(keeper, (snapshot) => snapshot.account('bob') === undefined)
  expect(warnings).toHaveLength(1)
  expect(JSON.stringify(warnings[0])).toContain('run tollgate restored')
  await keeper.stop()
})

test('tollgate.restored() has policy read whole, also where the versions would hide what changed, and is written down', async () => {
  await using world = await createPolicyWorld({ setup: onePerson })
  await world.sql(`INSERT INTO tollgate.account (id, project, plan) SELECT 'bob', project, plan FROM tollgate.account`)
  await world.sql(`INSERT INTO tollgate.ledger_checkpoint (partition, epoch, position) VALUES (7, 'e', '12-0')`)
  const { keeper, warnings } = await listening(world)
  await inForce(keeper, (snapshot) => snapshot.account('bob') !== undefined)
  // Another row takes the version that bob had: without another history nobody would see that he is gone.
  await world.sql(`BEGIN; ${goBack}; SELECT setval('tollgate.policy_version_number', (SELECT max(version) FROM tollgate.policy_commit));
    UPDATE tollgate.plan SET token_days_max = 9; COMMIT`)
  const pool = createPool(world.database.url, () => undefined)
  const before = await world.sql('SELECT history FROM tollgate.policy_version')
  const { history, version } = await restored(pool)
  await inForce(keeper, (snapshot) => snapshot.history === history)
  expect(keeper.current()?.account('bob')).toBeUndefined()
  expect(warnings.length).toBeGreaterThan(0)
  const { rows } = await world.sql('SELECT old_history, new_history, version::int AS version FROM tollgate.restoration')
  expect(rows).toEqual([{ old_history: before.rows[0].history, new_history: history, version }])
  const checkpoints = await world.sql('SELECT epoch, position FROM tollgate.ledger_checkpoint')
  expect(checkpoints.rows).toEqual([{ epoch: null, position: null }])
  await expect(world.sql('DELETE FROM tollgate.restoration')).rejects.toThrow('append-only')
  await pool.end()
  await keeper.stop()
})
