import { describe, expect, test } from 'vitest'
import { levelKey } from '../../../src/core/alert-levels.ts'
import { addAlertEvents } from '../../../src/postgres/alert-events.ts'
import { createPostgresLevelBooks } from '../../../src/postgres/level-books.ts'
import { credits, noonMs, openWatchedBooks, type WatchedBooks } from '../../support/watched-books.ts'

const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day');`
const other = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('o', 'other', 'quota', 'bytes', 99999, 'day');`
const standing = async (books: WatchedBooks) => (await books.levels()).filter((level) => !level.endsWith('ended'))
const recovered = async (books: WatchedBooks) => (await books.events()).filter(({ type }) => type === 'recovered')
/** What a correction leaves behind: no drain looks at levels for it. */
const correct = (books: WatchedBooks, used: number) => books.rows(`UPDATE tollgate.quota_usage SET used = ${used}`)

test('a level that stays reached after a raise is held against the raised amount from then on', async () => {
  await using books = await openWatchedBooks(daily)
  await books.book([credits(81)])
  await books.change('UPDATE tollgate.limit_rule SET amount = 101')
  expect(await standing(books)).toEqual(['alice daily 80 told'])
  await correct(books, 80.5)
  await books.change(other)
  await books.book([credits(1)])
  expect(await books.levels()).toEqual(['alice daily 80 told'])
  expect(await recovered(books)).toEqual([])
  // What people were told stays as it was.
  expect((await books.events()).filter(({ type }) => type === 'level')).toMatchObject([{ amount: '100.000' }])
})

test('a raise back from a lowered amount ends what is reached no longer', async () => {
  await using books = await openWatchedBooks(daily)
  await books.book([credits(81)])
  await books.change('UPDATE tollgate.limit_rule SET amount = 90')
  await correct(books, 70)
  await books.change('UPDATE tollgate.limit_rule SET amount = 95')
  expect(await standing(books)).toEqual([])
  expect(await recovered(books)).toMatchObject([{ percent: 80, amount: '95.000' }])
})

const rename = `UPDATE tollgate.limit_rule SET name = 'each-day' WHERE id = 'd'`

test('a renamed limit keeps what was told of it, and goes on from there', async () => {
  await using books = await openWatchedBooks(daily)
  await books.book([credits(85)])
  const told = await books.events()
  await books.change(rename)
  await books.book([credits(1)], books.another())
  expect(await books.levels()).toEqual(['alice each-day 80 told'])
  expect(await books.events()).toHaveLength(told.length)
  await books.book([credits(10)])
  expect(await books.levels()).toEqual(['alice each-day 80 told', 'alice each-day 95 told'])
  await books.change('UPDATE tollgate.limit_rule SET amount = 1000')
  expect(await standing(books)).toEqual([])
  expect(await recovered(books)).toMatchObject([{ percent: 95, limit_name: 'each-day', amount: '1000.000' }])
})

test('a limit that is renamed and raised at once tells its raise by the new name', async () => {
  await using books = await openWatchedBooks(daily)
  await books.book([credits(100)])
  await books.change(`UPDATE tollgate.limit_rule SET name = 'each-day', amount = 105 WHERE id = 'd'`)
  expect(await standing(books)).toEqual(['alice each-day 80 skipped', 'alice each-day 95 skipped'])
  expect(await recovered(books)).toMatchObject([{ percent: 100, limit_name: 'each-day' }])
})

test('a charge that is booked before the renamed levels are looked at tells nothing again, and what both names have stands once', async () => {
  await using books = await openWatchedBooks(daily)
  await books.book([credits(85)])
  await books.enforce(rename)
  await books.book([credits(1)])
  expect(await books.levels()).toEqual(['alice daily 80 told'])
  // Another process wrote the level by the new name meanwhile.
  await books.rows(`INSERT INTO tollgate.alert_event (key, type, level, account, limit_name, limit_rule, subject_kind, subject_id, surface, counts,
      window_kind, time_zone, window_start, reset_at, used, amount, percent)
    SELECT replace(key, 'daily', 'each-day'), type, level, account, 'each-day', limit_rule, subject_kind, subject_id, surface, counts,
           window_kind, time_zone, window_start, reset_at, used, amount, percent FROM tollgate.alert_event WHERE type = 'level'`)
  books.pass.recheck('everybody')
  await books.pass.once()
  expect(await books.levels()).toEqual(['alice daily 80 told ended', 'alice each-day 80 told'])
})

test('passes of several processes rename a level once', async () => {
  await using books = await openWatchedBooks(daily)
  await books.book([credits(96)])
  await books.enforce(rename)
  const passes = Array.from({ length: 4 }, async () => {
    books.pass.recheck('everybody')
    await books.pass.once()
  })
  await Promise.all(passes)
  expect(await books.levels()).toEqual(['alice each-day 80 skipped', 'alice each-day 95 told'])
})

test('a limit that takes the place of a deleted one is another limit', async () => {
  await using books = await openWatchedBooks(daily)
  await books.book([credits(85)])
  await books.change(
    `${daily.replace("'d', 'daily'", "'e', 'each-day'")} DELETE FROM tollgate.limit_rule WHERE id = 'd'`,
  )
  expect(await books.levels()).toEqual(['alice daily 80 told ended', 'alice each-day 80 told'])
})

/** As the first refusal of a window writes it, when nothing of the window is booked yet. */
async function refuse(books: WatchedBooks, { id, used = 95 }: { readonly id: string; readonly used?: number }) {
  const [startMs, endMs] = [noonMs - 43_200_000, noonMs + 43_200_000]
  const subject = { kind: 'account', id } as const
  const window = { surface: 'any', counts: 'credits', window: 'day', timeZone: 'UTC', startMs, endMs } as const
  const limit = { ...window, name: 'daily', subject, used: used * 1_000, amount: 100_000 }
  const key = levelKey({ subject, limit: 'daily', startMs, percent: 100 })
  await addAlertEvents(books.pool, [{ key, type: 'level', level: 'exhausted', percent: 100, account: id, limit }])
}

describe('a level whose counter is not in the books', () => {
  test.each([
    ['of one account', daily.replace(`"window"`, `"window", applies_to_account`).replace(`'day'`, `'day', 'alice'`)],
    ['of anyone', daily],
  ])('ends by a raise of the limit %s', async (_, limits) => {
    await using books = await openWatchedBooks(limits)
    await refuse(books, { id: 'alice' })
    await books.change('UPDATE tollgate.limit_rule SET amount = 200')
    expect(await books.levels()).toEqual(['alice daily 100 told ended'])
    expect(await recovered(books)).toMatchObject([
      { account: 'alice', percent: 100, used: '95.000', amount: '200.000' },
    ])
  })

  test('stands on while it is reached, and is left to its counter once there is one', async () => {
    await using books = await openWatchedBooks(daily)
    await refuse(books, { id: 'alice', used: 100 })
    await books.change(other)
    books.pass.recheck('everybody')
    await books.pass.once()
    expect(await standing(books)).toContain('alice daily 100 told')
    await books.book([credits(50)])
    await books.change('UPDATE tollgate.limit_rule SET amount = 200')
    expect(await recovered(books)).toMatchObject([{ percent: 100, used: '50.000' }])
  })

  test('is found on every page of everybody', async () => {
    await using books = await openWatchedBooks(daily)
    await books.policy.sql(
      `INSERT INTO tollgate.account (id, project, plan) SELECT 'a' || n, 'vision', 'free' FROM generate_series(1, 5) AS n`,
    )
    for (let nth = 1; nth <= 5; nth += 1) await refuse(books, { id: `a${nth}` })
    await books.book([credits(1)])
    const levels = createPostgresLevelBooks(books.pool)
    const found: string[] = []
    let after: string | undefined
    do {
      const page = await levels.counters({ after, countMax: 2, nowMs: noonMs })
      found.push(...page.rows.map(({ subject }) => subject.id))
      after = page.next
    } while (after !== undefined)
    expect(found.toSorted()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'alice'])
  })
})
