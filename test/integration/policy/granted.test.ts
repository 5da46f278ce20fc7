import { expect, test } from 'vitest'
import { openClockedWorld, type StoreKind } from '../../support/clocked-world.ts'

const stores: readonly StoreKind[] = ['redis', 'memory']
const noon = Date.UTC(2026, 10, 22, 12)
const minuteMs = 60_000
const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'requests', 3, 'day');`

test.each(stores)(
  'a grant acts on the running window from its start to its end, without a change of policy (%s store)',
  async (kind) => {
    await using world = await openClockedWorld(kind, daily)
    await world.setNow(noon)
    await world.change(`
      INSERT INTO tollgate.grant (id, limit_name, account, project, amount, starts_at, ends_at) VALUES
        ('own', 'daily', 'alice', NULL, 4, '2026-11-22 12:10Z', '2026-11-22 12:20Z'),
        ('shared', 'daily', NULL, 'vision', 2, '2026-11-22 12:15Z', '2026-11-22 12:30Z'),
        ('past', 'daily', 'alice', NULL, 9, '2026-11-21 12:00Z', '2026-11-22 12:00Z')`)
    const version = world.policy.keeper.current()?.version
    const takenAt = async (ms: number): Promise<number> => {
      await world.setNow(ms)
      return world.takes()
    }
    expect(await takenAt(noon)).toBe(3)
    expect(await takenAt(noon + 10 * minuteMs - 1)).toBe(0)
    expect(await takenAt(noon + 10 * minuteMs)).toBe(4)
    expect(await takenAt(noon + 15 * minuteMs - 1)).toBe(0)
    expect(await takenAt(noon + 15 * minuteMs)).toBe(2)
    // 5 may be used now, and 9 were: what was used of a grant stays used.
    expect(await takenAt(noon + 20 * minuteMs)).toBe(0)
    expect(await takenAt(noon + 30 * minuteMs)).toBe(0)
    expect(await takenAt(noon + 12 * 60 * minuteMs)).toBe(3)
    expect(world.policy.keeper.current()?.version).toBe(version)
  },
)

test.each(stores)('a grant that is running is cut short, raised and taken back at once (%s store)', async (kind) => {
  await using world = await openClockedWorld(kind, daily)
  await world.setNow(noon)
  expect(await world.takes()).toBe(3)
  await world.change(`INSERT INTO tollgate.grant (id, limit_name, department, amount, starts_at, ends_at)
    VALUES ('g', 'daily', 'research', 2, '2026-11-22 11:00Z', '2026-11-23 11:00Z')`)
  expect(await world.takes()).toBe(2)
  await world.change(`UPDATE tollgate.grant SET amount = 3`)
  expect(await world.takes()).toBe(1)
  await world.change(`UPDATE tollgate.limit_rule SET name = 'each-day'`)
  expect(await world.takes()).toBe(0)
  await world.change(`UPDATE tollgate.grant SET amount = 5`)
  expect(await world.takes()).toBe(2)
  await world.change(`UPDATE tollgate.grant SET amount = 9, ends_at = '2026-11-22 12:00Z'`)
  expect(await world.takes()).toBe(0)
  await world.change(`UPDATE tollgate.grant SET ends_at = '2026-11-23 11:00Z'`)
  expect(await world.takes()).toBe(4)
  await world.change(`DELETE FROM tollgate.grant`)
  expect(await world.takes()).toBe(0)
})

test.each(stores)('a grant lets a rate have more at once, and leaves its refill (%s store)', async (kind) => {
  await using world = await openClockedWorld(
    kind,
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every) VALUES ('r', 'each-second', 'rate', 'requests', 1, 2, '1 second');
     INSERT INTO tollgate.grant (id, limit_name, account, amount, starts_at, ends_at)
       VALUES ('g', 'each-second', 'alice', 3, '2026-11-22 12:00Z', '2026-11-22 13:00Z');`,
  )
  const takenAt = async (ms: number): Promise<number> => {
    await world.setNow(ms)
    return world.takes()
  }
  expect(await takenAt(noon - 100_000)).toBe(2)
  expect(await takenAt(noon)).toBe(5)
  expect(await takenAt(noon + 1_000)).toBe(1)
  expect(await takenAt(noon + 60 * minuteMs)).toBe(2)
})

test.each(stores)('a grant lets more be under way at one time (%s store)', async (kind) => {
  await using world = await openClockedWorld(
    kind,
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount) VALUES ('c', 'at-once', 'concurrency', 'in_flight', 2);
     INSERT INTO tollgate.grant (id, limit_name, account, amount, starts_at, ends_at)
       VALUES ('g', 'at-once', 'alice', 3, '2026-11-22 12:00:01Z', '2026-11-22 12:00:02Z');`,
  )
  const takenAt = async (ms: number): Promise<number> => {
    await world.setNow(ms)
    return world.takes()
  }
  expect(await takenAt(noon)).toBe(2)
  expect(await takenAt(noon + 1_000)).toBe(3)
  expect(await takenAt(noon + 2_000)).toBe(0)
})
