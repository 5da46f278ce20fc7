import { expect, test } from 'vitest'
import { createPool } from '../../../src/postgres/pool.ts'
import { seedPlans } from '../../../src/postgres/seeds.ts'
import { createPolicyWorld, inForce } from '../../support/policy.ts'

const people = `
  INSERT INTO tollgate.department (id) VALUES ('research');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
  INSERT INTO tollgate.account (id, kind, project, plan)
  SELECT id, 'person', 'vision', id FROM unnest('{free,verified,ci,mirror}'::text[]) AS one (id);`

/** Credits in thousandths. Rates as amount, burst and period. */
const wanted = {
  free: { calls: [5, 5, 60_000], requests: [20, 300, 1_000], hourly: 1_000_000, daily: 2_000_000, gpu: 300_000 },
  verified: {
    calls: [20, 20, 60_000],
    requests: [50, 300, 1_000],
    hourly: 10_000_000,
    daily: 50_000_000,
    gpu: 3_000_000,
  },
  ci: {
    calls: [20, 20, 60_000],
    requests: [200, 1_000, 1_000],
    hourly: 20_000_000,
    daily: 200_000_000,
    gpu: 1_000_000,
  },
  mirror: { calls: [1, 1, 60_000], requests: [100, 1_000, 1_000], hourly: 5e9, daily: 5e9, gpu: 10_000 },
} as const

test('seedPlans() gives each plan all of its limits, twice without a change, and packs', async () => {
  await using world = await createPolicyWorld()
  await using stack = new AsyncDisposableStack()
  const pool = createPool(world.database.url, () => undefined)
  stack.defer(() => pool.end())
  await seedPlans(pool)
  await world.sql(`UPDATE tollgate.limit_rule SET amount = 7 WHERE id = 'gpu-daily-credits-mirror'`)
  await seedPlans(pool)
  const changed = await world.sql(`SELECT amount::int FROM tollgate.limit_rule WHERE id = 'gpu-daily-credits-mirror'`)
  expect(changed.rows).toEqual([{ amount: 7 }])
  await world.sql(`UPDATE tollgate.limit_rule SET amount = 10 WHERE id = 'gpu-daily-credits-mirror'; ${people}`)
  const { rows } = await world.sql('SELECT version::int FROM tollgate.policy_version')
  await inForce(world.keeper, ({ version }) => version >= Number(rows[0]?.version))
  expect(world.keeper.check()).toEqual([])
  const snapshot = world.keeper.current()
  for (const [plan, { calls, requests, hourly, daily, gpu }] of Object.entries(wanted)) {
    const account = snapshot?.account(plan)
    const limits = new Map(((account && snapshot?.limitsOf(account, 0)) ?? []).map((limit) => [limit.name, limit]))
    const rate = (name: string) => ['amount', 'burst', 'periodMs'].map((key) => limits.get(name)?.[key as 'amount'])
    expect([plan, rate('gpu-calls'), rate('package-requests')]).toEqual([plan, calls, requests])
    const amounts = ['hourly-credits', 'daily-credits', 'gpu-daily-credits'].map((name) => limits.get(name)?.amount)
    expect([plan, ...amounts]).toEqual([plan, hourly, daily, gpu])
    expect(limits.get('downloads-at-once')?.amount).toBe(plan === 'mirror' ? 16 : undefined)
    expect(limits.size).toBe(plan === 'mirror' ? 6 : 5)
  }
  const plans = await world.sql('SELECT id, token_days_max, bridge_percent FROM tollgate.plan ORDER BY id')
  expect(plans.rows.map(({ id, ...plan }) => [id, ...Object.values(plan)])).toEqual([
    ['ci', 90, 0],
    ['free', 7, 5],
    ['mirror', 90, 0],
    ['verified', 30, 5],
  ])
  const packs = await world.sql('SELECT id FROM tollgate.pack ORDER BY id')
  expect(packs.rows.map(({ id }) => id)).toEqual(['packages-day', 'vip-day', 'vip-month'])
})
