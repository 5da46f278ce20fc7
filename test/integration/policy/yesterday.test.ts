import { expect, test } from 'vitest'
import type { CounterWindow } from '../../../src/core/charge.ts'
import type { WindowKind } from '../../../src/core/limit.ts'
import { windowsAt } from '../../../src/core/quota-window.ts'
import type { Subject } from '../../../src/core/subject.ts'
import { type ClockedWorld, openClockedWorld } from '../../support/clocked-world.ts'

/** A Tuesday and the first of a month: a day, a week and a month end in one instant. */
const midnight = Date.UTC(2026, 11, 1)
const kinds: readonly WindowKind[] = ['day', 'week_tue', 'month']
const limits = `
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", week_starts) VALUES
    ('d', 'daily', 'quota', 'credits', 100, 'day', NULL), ('w', 'weekly', 'quota', 'credits', 100, 'week', 'tuesday'),
    ('m', 'monthly', 'quota', 'credits', 100, 'month', NULL);`

/** Credits of alice's windows that hold `ms`, by the books. */
async function booked(world: ClockedWorld, ms: number): Promise<readonly number[]> {
  const account = world.policy.keeper.current()?.account('alice')
  const subject: Subject = { kind: 'account', id: 'alice', partition: account?.partition ?? -1 }
  const counters = kinds.map((window): CounterWindow => {
    const { current } = windowsAt(ms, { window, timeZone: 'UTC' }, new Map())
    return { surface: 'any', quantity: 'credits', window, timeZone: 'UTC', ...current }
  })
  const seed = await world.books.figures(subject, counters)
  return seed.counters.map(({ used }) => used / 1_000)
}

/** Credits used of alice's limits as the store says after one more request, that one included. */
async function usedAfterOneMore(world: ClockedWorld): Promise<readonly number[]> {
  const { answer } = await world.ask()
  if (answer.kind !== 'taken') throw new Error(`Expected a taken request, got ${answer.kind}`)
  return answer.states.map((state) => (state.kind === 'quota' ? state.used / 1_000 : Number.NaN))
}

test.each(['redis', 'memory'] as const)(
  'what was downloaded before midnight is booked to the day, week and month before it (%s store)',
  async (kind) => {
    await using world = await openClockedWorld(kind, limits)
    await world.setNow(midnight - 1)
    const lateAtNight = await world.ask()
    await world.setNow(midnight)
    const earlyInTheMorning = await world.ask()
    expect([lateAtNight.answer.at, earlyInTheMorning.answer.at]).toEqual([midnight - 1, midnight])
    expect(await usedAfterOneMore(world)).toEqual([2, 2, 2])
    await world.delivered(lateAtNight, 70)
    await world.delivered(earlyInTheMorning, 5)
    await world.delivered(lateAtNight, 70)
    expect(await usedAfterOneMore(world)).toEqual([7, 7, 7])
    await world.settle()
    expect(await booked(world, midnight - 1)).toEqual([70, 70, 70])
    expect(await booked(world, midnight)).toEqual([5, 5, 5])
    const { rows } = await world.policy.sql(
      `SELECT at = timestamptz '2026-12-01 00:00Z' AS is_today, credits::float8 FROM tollgate.usage_entry ORDER BY at`,
    )
    expect(rows).toEqual([
      { is_today: false, credits: 70 },
      { is_today: true, credits: 5 },
    ])
  },
)

test.each(['redis', 'memory'] as const)(
  'a limit that is added after midnight sees a late report only in the windows it belongs to (%s store)',
  async (kind) => {
    await using world = await openClockedWorld(
      kind,
      `INSERT INTO tollgate.limit_rule
      (id, name, kind, counts, amount, "window") VALUES ('h', 'hourly', 'quota', 'requests', 100, 'hour');`,
    )
    await world.setNow(midnight - 1)
    const lateAtNight = await world.ask()
    await world.setNow(midnight + 1)
    await world.change(limits)
    expect((await usedAfterOneMore(world)).slice(0, 1)).toEqual([1])
    await world.delivered(lateAtNight, 70)
    await world.settle()
    expect(await booked(world, midnight - 1)).toEqual([70, 70, 70])
    expect(await usedAfterOneMore(world)).toEqual([2, 0.002, 2, 2])
  },
)
