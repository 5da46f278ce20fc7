import { describe, expect, test } from 'vitest'
import { hoursThatDiffer } from '../../support/ledger-database.ts'
import { openLedgerWorld } from '../../support/ledger-world.ts'
import { inForce, onePerson } from '../../support/policy.ts'
import { amounts } from '../../support/spend-harness.ts'

/** 10 credits a day: what is spent below crosses every level of it. */
const watched = `${onePerson} INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window")
                   VALUES ('d', 'daily', 'quota', 'credits', 10, 'day')`
const levels = `SELECT percent FROM tollgate.alert_event WHERE type = 'level' ORDER BY percent`
const idOf = (name: string) => `${name}.${Date.now().toString(36)}`

/** Between any two steps of a pass: drain (locked, read, merged, told, moved, committed), trim, seed of what is stale. */
const steps = ['locked', 'read', 'merged', 'told', 'moved', 'committed', 'trim', 'figures', 'seed', 'seeded']

describe('a ledger killed between any two steps leaves every request booked and every level told exactly once', () => {
  test.each(steps)('killed at: %s', async (dieAt) => {
    await using world = await openLedgerWorld()
    await world.database.rows(watched)
    await inForce(world.policy, (snapshot) => snapshot.account('alice') !== undefined)
    // Booked and drained before, so that counters are kept in quota_usage and a checkpoint is there.
    await world.spending.report({
      ...(await world.spend(idOf('before'))),
      amounts: amounts({ requests: 1, credits: 500 }),
    })
    await world.settle()

    let truth = 500
    for (let index = 0; index < 10; index += 1) {
      const credits = 1_000 + index
      truth += credits
      await world.spending.report({
        ...(await world.spend(idOf(`r${index}`))),
        amounts: amounts({ requests: 1, credits, bytes: 7 }),
      })
    }
    // Nobody reports this one yet: reserved in the store, not in the books.
    const open = await world.spend(idOf('open'), 20_000)
    // A report without record: booked by the ledger alone, and its subjects go stale.
    const stray = { ...open, id: idOf('stray'), amounts: amounts({ requests: 1, credits: 3 }) }
    expect(await world.spending.report(stray)).toBe('unrecorded')
    truth += 3

    await world.runUntilKilled(dieAt)
    await world.settle()
    expect(await world.figures()).toEqual(
      ['account:alice', 'department:research'].map((subject) => ({
        subject,
        store: truth + 20_000,
        kept: truth,
        truth,
      })),
    )
    const [count] = await world.database.rows(
      'SELECT count(*)::int AS rows, sum(requests)::int AS requests FROM tollgate.usage_entry',
    )
    expect(count).toEqual({ rows: 12, requests: 12 })
    expect(await world.database.rows(hoursThatDiffer)).toEqual([])
    expect(await world.database.rows(levels)).toEqual([{ percent: 80 }, { percent: 95 }, { percent: 100 }])

    await world.spending.report({ ...open, amounts: amounts({ requests: 1, credits: 4 }) })
    await world.settle()
    expect((await world.figures()).map(({ store, kept }) => [store, kept])).toEqual([
      [truth + 4, truth + 4],
      [truth + 4, truth + 4],
    ])
  })
})
