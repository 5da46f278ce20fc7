import { expect, test } from 'vitest'
import { startPlane, type TestPlane } from '../../rpc/support/plane.ts'

const stores = ['redis', 'memory'] as const
const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const extensions = { upstream: 'mirror' }

interface Caller {
  /** How many requests in a row pass, of at most 20. */
  passes(): Promise<number>
  /** Used and amount of each limit by name, as `/quota/status` says. */
  limits(): Promise<Readonly<Record<string, readonly [used: number | null, amount: number]>>>
}

async function callerOf(plane: TestPlane, account = 'alice'): Promise<Caller> {
  const token = await plane.token(account)
  const client = plane.client()
  const check = (path: string) => client.check({ token, path, extensions })
  return {
    async passes() {
      let passed = 0
      while (passed < 20 && (await check(wheel)).allowed) passed += 1
      return passed
    },
    async limits() {
      const status = JSON.parse((await check('/quota/status')).body)
      return Object.fromEntries(
        status.limits.map((limit: { name: string; used: number | null; limit: number }) => [
          limit.name,
          [limit.used, limit.limit],
        ]),
      )
    },
  }
}

const quota = (name: string, amount: number, window: string): string =>
  `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('${name}', '${name}', 'quota', 'requests', ${amount}, '${window}')`

test.each(stores)('a limit raised, lowered and renamed acts on what was used before (%s store)', async (store) => {
  await using plane = await startPlane({ store })
  await plane.policy(quota('daily', 3, 'day'))
  const caller = await callerOf(plane)
  expect(await caller.passes()).toBe(3)
  await plane.policy(`UPDATE tollgate.limit_rule SET amount = 5`)
  expect(await caller.passes()).toBe(2)
  await plane.policy(`UPDATE tollgate.limit_rule SET name = 'each-day'`)
  expect(await caller.passes()).toBe(0)
  expect(await caller.limits()).toEqual({ 'each-day': [5, 5] })
  await plane.policy(`UPDATE tollgate.limit_rule SET amount = 4`)
  expect(await caller.passes()).toBe(0)
  expect(await caller.limits()).toEqual({ 'each-day': [5, 4] })
  await plane.policy(`UPDATE tollgate.limit_rule SET amount = 6`)
  expect(await caller.passes()).toBe(1)
})

test.each(stores)(
  'a monthly and a weekly limit that are added have seen the requests before (%s store)',
  async (store) => {
    await using plane = await startPlane({ store })
    await plane.policy(quota('daily', 4, 'day'))
    const caller = await callerOf(plane)
    expect(await caller.passes()).toBe(4)
    await plane.policy(`DELETE FROM tollgate.limit_rule; ${quota('monthly', 6, 'month')}`)
    expect(await caller.passes()).toBe(2)
    await plane.policy(
      `${quota('weekly', 7, 'week')}; UPDATE tollgate.limit_rule SET amount = 100 WHERE id = 'monthly'`,
    )
    expect(await caller.passes()).toBe(1)
    expect(await caller.limits()).toEqual({ monthly: [7, 100], weekly: [7, 7] })
  },
)

test.each(stores)('a grant acts at once on those it is for, and on nobody else (%s store)', async (store) => {
  await using plane = await startPlane({ store })
  await plane.policy(quota('monthly', 2, 'month'))
  const [alice, bob] = [await callerOf(plane), await callerOf(plane, 'bob')]
  expect([await alice.passes(), await bob.passes()]).toEqual([2, 2])
  await plane.policy(`INSERT INTO tollgate.grant (id, limit_name, account, amount, ends_at)
    VALUES ('g', 'monthly', 'alice', 3, now() + interval '1 hour')`)
  expect([await alice.passes(), await bob.passes()]).toEqual([3, 0])
  expect(await alice.limits()).toEqual({ monthly: [5, 5] })
  expect(await bob.limits()).toEqual({ monthly: [2, 2] })
  await plane.policy(`UPDATE tollgate.grant SET ends_at = now()`)
  expect([await alice.passes(), await bob.passes()]).toEqual([0, 0])
  expect(await alice.limits()).toEqual({ monthly: [5, 2] })
})
