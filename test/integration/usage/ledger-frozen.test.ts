import { describe, expect, test } from 'vitest'
import { hoursThatDiffer } from '../../support/ledger-database.ts'
import { openLedgerWorld } from '../../support/ledger-world.ts'
import { amounts } from '../../support/spend-harness.ts'

const idOf = (name: string) => `${name}.${Date.now().toString(36)}`

/** Before the lock is of use, with the batch in hand, with everything but the commit done, and after it. */
const steps = ['locked', 'read', 'moved', 'committed']

describe.concurrent('a ledger frozen between two steps holds up the others for some seconds, and what it does later changes nothing', () => {
  test.each(steps)('frozen at: %s', { timeout: 60_000 }, async (freezeAt) => {
    await using world = await openLedgerWorld()
    let truth = 0
    const book = async (name: string, credits: number) => {
      truth += credits
      await world.spending.report({ ...(await world.spend(idOf(name))), amounts: amounts({ requests: 1, credits }) })
    }
    for (let index = 0; index < 5; index += 1) await book(`before ${index}`, 100 + index)
    await world.settle()
    for (let index = 0; index < 8; index += 1) await book(`first ${index}`, 200 + index)
    const goOn = await world.runUntilFrozen(freezeAt)

    for (let index = 0; index < 8; index += 1) await book(`second ${index}`, 300 + index)
    // It waits for the lock and gives up, until PostgreSQL cuts off the one that holds it.
    await expect
      .poll(
        () =>
          world.settle().then(
            () => 'settled',
            () => 'waits',
          ),
        { timeout: 30_000 },
      )
      .toBe('settled')
    await book('third', 1)
    await world.runUntilKilled('merged')
    await goOn()
    await world.settle()
    expect(await world.figures()).toEqual(
      ['account:alice', 'department:research'].map((subject) => ({ subject, store: truth, kept: truth, truth })),
    )
    expect(await world.database.rows(hoursThatDiffer)).toEqual([])
    expect(await world.database.rows('SELECT count(*)::int AS rows FROM tollgate.usage_entry')).toEqual([{ rows: 22 }])
  })
})
