import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { startPackSettling } from '../../../src/compose/settle-packs.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { type Asked, type ClockedWorld, openClockedWorld, type StoreKind } from '../../support/clocked-world.ts'

const stores: readonly StoreKind[] = ['redis', 'memory']
const noon = Date.UTC(2026, 10, 22, 12)
const hourMs = 3_600_000
const midnight = noon + 12 * hourMs
const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 3, 'day');`
const pack = (id: string, amount: number, until: string) =>
  `INSERT INTO tollgate.grant (id, kind, limit_name, account, amount, starts_at, ends_at)
   VALUES ('${id}', 'pack', 'daily', 'alice', ${amount}, '2026-11-22 10:00Z', '${until}');`

/** A world in which packs are settled as in production, by the store's clock that the test sets. */
async function openPackWorld(kind: StoreKind, setup: string, { settlers = 1 } = {}) {
  await using opened = new AsyncDisposableStack()
  const world = opened.use(await openClockedWorld(kind, daily + setup))
  const pool = new pg.Pool({ connectionString: world.policy.database.url, max: 4 })
  pool.on('error', () => undefined)
  opened.defer(() => pool.end())
  const settling = opened.use(new AsyncDisposableStack())
  const drains: number[] = []
  function start(): void {
    const place = drains.push(0) - 1
    const drain = async (partition: number) => {
      await world.settle()
      drains[place] = (drains[place] ?? 0) + 1
      return { merged: 0, isEmpty: true, checkpoint: { partition, epoch: '', position: '' } }
    }
    const nowMs = () => world.store.nowMs()
    startPackSettling(settling, { pool, observer, drain, nowMs, policy: () => world.policy.keeper.current() })
  }
  for (let place = 0; place < settlers; place += 1) start()
  const rows = async (sql: string) => (await world.policy.sql(sql)).rows
  const closing = opened.move()
  return {
    world,
    rows,
    /** Resolves when what was under way is written. */
    stopSettling: () => settling.disposeAsync(),
    /** Sets the store's clock and waits until each of those that settle has begun to. */
    async advanceTo(ms: number) {
      const before = [...drains]
      await world.setNow(ms)
      const isBegun = () => drains.every((count, place) => count > (before[place] ?? 0))
      await vi.waitFor(() => expect(isBegun()).toBe(true), { timeout: 10_000, interval: 20 })
    },
    /** Waits until these rows say so, and the policy in force knows it. */
    async until(sql: string, wanted: readonly unknown[]) {
      await vi.waitFor(async () => expect(await rows(sql)).toEqual(wanted), { timeout: 10_000, interval: 20 })
      await world.change('SELECT 1')
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const spent = (id: string) => `SELECT spent::float8 AS spent FROM tollgate.grant WHERE id = '${id}'`

/** How many requests in a row are taken, each delivered at one credit. */
async function uses(world: ClockedWorld, countMax = 20): Promise<number> {
  for (let count = 0; count < countMax; count += 1) {
    const asked = await world.ask()
    if (asked.answer.kind !== 'taken') return count
    await world.delivered(asked, 1)
  }
  return countMax
}

test.each(stores)('a pack is spent before the quota, once, over all windows (%s store)', async (kind) => {
  await using packs = await openPackWorld(kind, pack('p', 5, '2026-12-22 10:00Z'))
  const { world } = packs
  await world.setNow(noon)
  // Two from the pack alone: tomorrow has the rest of it, and all of the quota.
  expect(await uses(world, 2)).toBe(2)
  await world.setNow(midnight + 1_500)
  await packs.until(spent('p'), [{ spent: 2 }])
  expect(await uses(world)).toBe(6)
  await world.setNow(midnight + 24 * hourMs + 1_500)
  await packs.until(spent('p'), [{ spent: 5 }])
  expect(await uses(world)).toBe(3)
  const paid = `SELECT window_start, paid::float8 AS paid FROM tollgate.pack_payment ORDER BY 1`
  expect(await packs.rows(paid)).toEqual([
    { window_start: new Date(noon - 12 * hourMs), paid: 2 },
    { window_start: new Date(midnight), paid: 3 },
  ])
  const [change] = await packs.rows(`SELECT by FROM tollgate.policy_change WHERE key = 'p' ORDER BY id DESC LIMIT 1`)
  expect(change?.['by']).toBe('ledger')
})

test.each(stores)(
  'what a pack paid does not fall on the quota when it ends within the window (%s store)',
  async (kind) => {
    await using packs = await openPackWorld(kind, pack('p', 4, '2026-11-22 13:00Z'))
    const { world } = packs
    await world.setNow(noon)
    expect(await uses(world, 2)).toBe(2)
    await world.setNow(noon + hourMs + 1_500)
    const tails = `SELECT kind, amount::float8 AS amount, starts_at, ends_at FROM tollgate.grant WHERE id LIKE 'tail-%'`
    const tail = { kind: 'raise', amount: 2, starts_at: new Date(noon + hourMs), ends_at: new Date(midnight) }
    await packs.until(tails, [tail])
    expect(await uses(world)).toBe(3)
    // Its end is moved, and it has two left: what it paid stays paid.
    await world.change(`UPDATE tollgate.grant SET ends_at = '2026-11-22 14:00Z' WHERE id = 'p'`)
    await packs.until(tails, [])
    expect(await uses(world)).toBe(2)
    await world.setNow(noon + 2 * hourMs + 1_500)
    await packs.until(tails, [{ ...tail, amount: 4, starts_at: new Date(noon + 2 * hourMs) }])
    expect(await uses(world)).toBe(0)
    await world.setNow(midnight + 1_500)
    expect(await uses(world)).toBe(3)
  },
)

test('of several packs the one that ends first is spent first', async () => {
  await using packs = await openPackWorld('memory', pack('long', 2, '2026-12-22Z') + pack('short', 2, '2026-11-24Z'))
  const { world } = packs
  await world.setNow(noon)
  expect(await uses(world, 3)).toBe(3)
  await world.setNow(midnight + 1_500)
  await packs.until(spent('short'), [{ spent: 2 }])
  await packs.until(spent('long'), [{ spent: 1 }])
  expect(await uses(world)).toBe(4)
})

test('a report that comes after its window is over is settled with the window it belongs to', async () => {
  await using packs = await openPackWorld('redis', pack('p', 5, '2026-12-22Z'))
  const { world } = packs
  await world.setNow(midnight - 10_000)
  expect(await uses(world, 1)).toBe(1)
  const asked: Asked = await world.ask()
  await world.setNow(midnight + 1_500)
  await packs.until(spent('p'), [{ spent: 1 }])
  await world.delivered(asked, 3)
  await world.setNow(midnight + 31_000)
  await packs.until(spent('p'), [{ spent: 4 }])
  expect(await uses(world)).toBe(4)
})

test('what somebody corrects by hand stays corrected', async () => {
  await using packs = await openPackWorld('memory', pack('p', 5, '2026-12-22Z'))
  const { world } = packs
  await world.setNow(noon)
  expect(await uses(world, 4)).toBe(4)
  await world.setNow(midnight + 1_500)
  await packs.until(spent('p'), [{ spent: 4 }])
  await world.change(`UPDATE tollgate.grant SET spent = 1 WHERE id = 'p'`)
  expect(await uses(world)).toBe(7)
  await world.setNow(midnight + 24 * hourMs + 1_500)
  await packs.until(spent('p'), [{ spent: 5 }])
})

test('settling in several processes at once adds nothing, and writes nothing when nothing has changed', async () => {
  const setup = pack('p', 9, '2026-12-22Z') + pack('q', 2, '2026-11-22 18:00Z')
  await using packs = await openPackWorld('memory', setup, { settlers: 4 })
  const { world } = packs
  await world.setNow(noon + 6 * hourMs - 10_000)
  expect(await uses(world, 6)).toBe(6)
  for (const [ms, left] of [
    [noon + 6 * hourMs + 1_500, 0],
    [midnight - 10_000, 0],
    [midnight + 1_500, 4],
    [midnight + 31_000, 4],
    [midnight + 901_000, 4],
  ] as const) {
    await packs.advanceTo(ms)
    await packs.until(spent('p'), [{ spent: left }])
    await packs.until(spent('q'), [{ spent: 2 }])
  }
  await packs.stopSettling()
  const changes = await packs.rows(
    `SELECT key, new ->> 'spent' AS spent FROM tollgate.policy_change WHERE table_name = 'grant' AND by = 'ledger' ORDER BY id`,
  )
  const [tail] = await packs.rows(`SELECT id FROM tollgate.grant WHERE id LIKE 'tail-%'`)
  expect(changes).toEqual([
    { key: 'q', spent: '2.000' },
    { key: tail?.['id'], spent: '0.000' },
    { key: 'p', spent: '4.000' },
  ])
})
