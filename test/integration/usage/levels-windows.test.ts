import { describe, expect, test } from 'vitest'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import type { LedgerStore } from '../../../src/usage/ports.ts'
import { credits, noonMs, openWatchedBooks, subjects, type WatchedBooks } from '../../support/watched-books.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const limit = (columns: string, values: string) =>
  `INSERT INTO tollgate.limit_rule (id, name, kind, counts, ${columns}) VALUES ('d', 'daily', 'quota', 'credits', ${values});`
const daily = (amount: number) => limit('amount, "window"', `${amount}, 'day'`)

const counters = `SELECT subject_kind, subject_id, time_zone, start_at, used::text FROM tollgate.quota_usage ORDER BY subject_kind, start_at`

test('a new window starts clean, although no store ever asks for its counter', async () => {
  let nowMs = noonMs
  await using books = await openWatchedBooks(daily(100), () => nowMs)
  await books.book([credits(90)])
  nowMs += dayMs
  await books.book([{ ...credits(79), at: nowMs }])
  expect(await books.levels()).toEqual(['alice daily 80 told'])
  await books.book([{ ...credits(16), at: nowMs }])
  expect(await books.levels()).toEqual(['alice daily 80 told', 'alice daily 80 skipped', 'alice daily 95 told'])
  expect(await books.rows(counters)).toMatchObject([{ used: '90.000' }, { used: '95.000' }])
})

test('a limit that comes at noon sees the morning, and is told of with the next charge', async () => {
  await using books = await openWatchedBooks()
  await books.book([
    { ...credits(50), at: noonMs - 11 * hourMs },
    { ...credits(31), at: noonMs - dayMs },
  ])
  await books.change(daily(100))
  await books.book([credits(45)])
  expect(await books.levels()).toEqual(['alice daily 80 skipped', 'alice daily 95 told'])
  expect(await books.rows(counters)).toMatchObject([{ used: '95.000' }])
})

test.each([
  ['Asia/Kathmandu', Date.UTC(2026, 10, 21, 18, 15)],
  ['Asia/Shanghai', Date.UTC(2026, 10, 21, 16)],
  ['America/St_Johns', Date.UTC(2026, 10, 22, 3, 30)],
])('windows are cut by the zone of the account: %s', async (zone, startMs) => {
  await using books = await openWatchedBooks(`UPDATE tollgate.account SET time_zone = '${zone}';`)
  await books.book([
    { ...credits(40), at: startMs },
    { ...credits(30), at: startMs - 1 },
    { ...credits(10), at: startMs + 20 * 60_000 },
  ])
  await books.change(daily(100))
  await books.book([credits(30)])
  expect(await books.rows(counters)).toEqual([
    { subject_kind: 'account', subject_id: 'alice', time_zone: zone, start_at: new Date(startMs), used: '80.000' },
  ])
  expect((await books.events()).find(({ type }) => type === 'level')).toMatchObject({
    ...{ time_zone: zone, window_start: new Date(startMs), used: '80.000' },
  })
})

test('a late charge is told of until an hour after its window, and then no more', async () => {
  const midnightMs = noonMs - 12 * hourMs
  let nowMs = midnightMs + hourMs - 1
  await using books = await openWatchedBooks(daily(100), () => nowMs)
  await books.book([{ ...credits(85), at: midnightMs - 1 }])
  expect(await books.levels()).toEqual(['alice daily 80 told'])
  nowMs += 1
  await books.book([{ ...credits(15), at: midnightMs - 1 }])
  expect(await books.levels()).toEqual(['alice daily 80 told'])
})

test('a charge that is booked for an old window makes no counter there', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.book([{ ...credits(100), at: noonMs - 2 * dayMs }])
  expect(await books.rows(counters)).toEqual([])
})

test('an account, its project and its department each have their own counter', async () => {
  await using books = await openWatchedBooks(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone, applies_to_plan) VALUES
      ('a', 'own', 'quota', 'credits', 'account', 100, 'day', NULL, 'free'),
      ('p', 'shared', 'quota', 'credits', 'project', 200, 'week', 'UTC', NULL),
      ('d', 'all', 'quota', 'credits', 'department', 300, 'month', 'Europe/Berlin', NULL),
      -- Of no use to the department itself, which has no plan.
      ('d-free', 'all', 'quota', 'credits', 'department', 1000, 'month', 'Europe/Berlin', 'free');`)
  await books.book([{ ...credits(285), subjects }])
  expect(await books.levels()).toEqual([
    'research all 80 skipped',
    'research all 95 told',
    'vision shared 80 skipped',
    'vision shared 95 skipped',
    'vision shared 100 told',
    'alice own 80 skipped',
    'alice own 95 skipped',
    'alice own 100 told',
  ])
  const told = (await books.events()).filter(({ type, skipped }) => type === 'level' && skipped === false)
  expect(new Set(told.map((row) => [row['account'], row['project'], row['department']].join()))).toEqual(
    new Set(['alice,vision,research', ',vision,research', ',,research']),
  )
})

test('a token counts for the limits that its account has per token, and everyone for anyone’s', async () => {
  await using books = await openWatchedBooks(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone, applies_to_account) VALUES
      ('t', 'each', 'quota', 'requests', 'token', 2, 'day', NULL, 'alice'),
      ('e', 'site', 'quota', 'bytes', 'everyone', 1000, 'day', 'UTC', NULL);`)
  const token = { kind: 'token', id: 'alice-1', partition: 7 } as const
  const everyone = { kind: 'everyone', id: 'everyone', partition: 7 } as const
  await books.book([{ subjects: [token, everyone] }, { subjects: [token] }])
  expect(await books.levels()).toEqual([
    'alice-1 each 80 skipped',
    'alice-1 each 95 skipped',
    'alice-1 each 100 told',
    'everyone site 80 skipped',
    'everyone site 95 skipped',
    'everyone site 100 told',
  ])
  const concerns = (await books.events()).filter(({ percent }) => percent === 100)
  expect(concerns.map(({ subject_kind, account, department }) => [subject_kind, account, department])).toEqual([
    ['everyone', null, null],
    ['token', 'alice', 'research'],
  ])
})

test('a limit in shadow, a limit of nothing and one that nobody is told of write nothing, and have no counter made', async () => {
  await using books = await openWatchedBooks(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", shadow) VALUES
      ('s', 'shadow', 'quota', 'credits', 1, 'day', true), ('z', 'zero', 'quota', 'bytes', 0, 'month', false),
      ('q', 'quiet', 'quota', 'requests', 1, 'hour', false);
    INSERT INTO tollgate.alert_rule (id, limit_name, percents) VALUES ('hush', 'quiet', '{}');`)
  await books.book([credits(100), credits(100)])
  expect(await books.events()).toEqual([])
  expect(await books.rows('SELECT window_kind FROM tollgate.quota_usage')).toEqual([{ window_kind: 'month' }])
})

test('what is in the books already is looked up by no batch after the first', async () => {
  await using books = await openWatchedBooks(daily(1_000_000))
  const told: string[] = []
  const pool = new Proxy(books.pool, {
    get(target, key) {
      if (key !== 'connect') return Reflect.get(target, key, target)
      return (callback: Parameters<typeof target.connect>[0]) =>
        target.connect((error, client, done) => {
          if (client === undefined) return callback(error, client, done)
          const seen = new Proxy(client, {
            get(one, name) {
              if (name !== 'query') return Reflect.get(one, name, one)
              return (text: string, values?: unknown[]) => {
                told.push(text)
                return one.query(text, values)
              }
            },
          })
          callback(error, seen, done)
        })
    },
  })
  const ledger = books.another({ pool, observer: silentObserver })
  await books.book([credits(1), credits(1)], ledger)
  expect(told.filter((text) => text.includes('SAVEPOINT'))).toHaveLength(1)
  told.length = 0
  await books.book([credits(1), credits(1)], ledger)
  expect(told.filter((text) => text.includes('SAVEPOINT'))).toEqual([])
  expect(told.length).toBeGreaterThan(4)
  // Neither is a level that was told.
  await books.book([credits(850_000)], ledger)
  expect(told.filter((text) => text.includes('SAVEPOINT'))).toHaveLength(1)
  await books.book([credits(1)], ledger)
  expect(told.filter((text) => text.includes('SAVEPOINT'))).toHaveLength(1)
})

describe('when the amount runs out at this pace', () => {
  const forecasts = async (books: WatchedBooks) => (await books.events()).filter(({ type }) => type === 'forecast')

  test('is told once in a window, and by no process that does not know the pace of late', async () => {
    let nowMs = noonMs - 13 * hourMs
    await using books = await openWatchedBooks(daily(100), () => nowMs)
    const spend = async (times: number, count = 2.5, ledger?: LedgerStore): Promise<void> => {
      for (let nth = 0; nth < times; nth += 1) {
        nowMs += hourMs / 2
        await books.book([{ ...credits(count), at: nowMs }], ledger)
      }
    }
    await spend(19)
    await spend(1, 6, books.another())
    await spend(1)
    expect(await books.events()).toEqual([])
    await spend(1)
    expect(await books.events()).toMatchObject([
      {
        ...{ type: 'forecast', level: 'warning', account: 'alice', limit_name: 'daily', used: '56.000', percent: null },
        // 44 more at 2.5 in 20 minutes, from 10 o'clock on.
        data: { runsOutAtMs: noonMs - 2 * hourMs + 352 * 60_000 },
      },
    ])
    await spend(2)
    expect(await forecasts(books)).toHaveLength(1)
    nowMs += 12 * hourMs
    await spend(22)
    expect(await forecasts(books)).toHaveLength(2)
  })

  /** Alice has used 47.5 credits by 9 o'clock; answers what each batch half an hour after the last one adds. */
  async function steadily(limits: string) {
    const clock = { nowMs: noonMs - 13 * hourMs }
    const books = await openWatchedBooks(limits, () => clock.nowMs)
    const next = async (): Promise<readonly unknown[]> => {
      const before = await books.events()
      clock.nowMs += hourMs / 2
      await books.book([{ ...credits(2.5), at: clock.nowMs }])
      return (await books.events()).slice(before.length).map(({ type, percent }) => percent ?? type)
    }
    for (let nth = 0; nth < 20; nth += 1) await next()
    return { books, next, [Symbol.asyncDispose]: () => books[Symbol.asyncDispose]() }
  }

  test('waits for the batch after one that reaches a level', async () => {
    const half = `INSERT INTO tollgate.alert_rule (id, percents) VALUES ('half', '{50,80}')`
    await using world = await steadily(daily(100) + half)
    expect([await world.next(), await world.next(), await world.next()]).toEqual([[50], ['forecast'], []])
  })

  test('is not told where 80 % was told, also after a correction', async () => {
    await using world = await steadily(daily(100))
    const correct = (used: number) => world.books.rows(`UPDATE tollgate.quota_usage SET used = ${used}`)
    await correct(78)
    expect(await world.next()).toEqual([80])
    await correct(50)
    expect([await world.next(), await world.next(), await world.next()]).toEqual([[], [], []])
  })

  test('is not told of a burst after a quiet day, neither before its levels nor with them nor after', async () => {
    let nowMs = noonMs - 13 * hourMs
    await using books = await openWatchedBooks(daily(100), () => nowMs)
    const burst = [
      { sinceMs: -3 * hourMs, count: 10 },
      { sinceMs: 0, count: 45 },
      { sinceMs: 1_000, count: 10 },
      { sinceMs: 2_000, count: 16 },
      { sinceMs: hourMs, count: 5 },
    ]
    for (const { sinceMs, count } of burst) {
      nowMs = noonMs + sinceMs
      await books.book([{ ...credits(count), at: nowMs }])
    }
    expect(await books.levels()).toEqual(['alice daily 80 told'])
    expect(await forecasts(books)).toEqual([])
  })
})
