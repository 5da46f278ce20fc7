import { describe, expect, test } from 'vitest'
import { credits, noonMs, openWatchedBooks, subjects, type WatchedBooks } from '../../support/watched-books.ts'

const hourMs = 3_600_000
const at = (ms: number): string => `to_timestamp(${ms / 1_000})`
const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day');`
const grant = (amount: number, { from = noonMs - hourMs, until = noonMs + hourMs, to = "account => 'alice'" } = {}) => {
  const [column, id] = to.split(' => ')
  return `INSERT INTO tollgate.grant (id, limit_name, ${column}, amount, starts_at, ends_at)
            VALUES ('g', 'daily', ${id}, ${amount}, ${at(from)}, ${at(until)});`
}
const recovered = async (books: WatchedBooks) => (await books.events()).filter(({ type }) => type === 'recovered')

describe('grants', () => {
  test('a grant that is given raises the running window: what stood ends, and the levels are those of the new amount', async () => {
    await using books = await openWatchedBooks(daily)
    await books.book([credits(100)])
    await books.change(grant(100))
    expect(await recovered(books)).toMatchObject([
      { account: 'alice', percent: 100, used: '100.000', amount: '200.000' },
    ])
    await books.book([credits(60)])
    expect((await books.levels()).filter((level) => !level.endsWith('ended'))).toEqual(['alice daily 80 told'])
  })

  test('a grant begins and ends by the clock, without a change of any row', async () => {
    let nowMs = noonMs
    await using books = await openWatchedBooks(
      daily + grant(100, { from: noonMs + hourMs, until: noonMs + 2 * hourMs }),
      () => nowMs,
    )
    await books.book([credits(85)])
    await books.pass.once()
    expect(await books.levels()).toEqual(['alice daily 80 told'])
    nowMs += hourMs
    await books.pass.once()
    expect(await books.levels()).toEqual(['alice daily 80 told ended'])
    expect(await recovered(books)).toMatchObject([{ percent: 80, amount: '200.000' }])
    await books.book([credits(20)])
    nowMs += hourMs
    await books.pass.once()
    expect((await books.levels()).filter((level) => !level.endsWith('ended'))).toEqual([
      'alice daily 80 skipped',
      'alice daily 95 skipped',
      'alice daily 100 told',
    ])
  })

  test('a grant to a project reaches its accounts and its own counter', async () => {
    await using books = await openWatchedBooks(`
      INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone) VALUES
        ('p', 'daily', 'quota', 'credits', 'project', 100, 'day', 'UTC');`)
    await books.book([{ ...credits(100), subjects }])
    await books.change(grant(900, { to: "project => 'vision'" }))
    expect(await recovered(books)).toMatchObject([
      { account: null, project: 'vision', percent: 100, amount: '1000.000' },
    ])
  })
})

describe('rules of levels', () => {
  test.each([
    ['anyone', '', '{50}', ['alice daily 50 told']],
    ['a plan', "plan => 'free'", '{10,50}', ['alice daily 10 skipped', 'alice daily 50 told']],
    ['an account', "account => 'alice'", '{60}', ['alice daily 60 told']],
    ['an account, nobody', "account => 'alice'", '{}', []],
    ['another level than is reached', '', '{61}', []],
  ])('for %s', async (_, ...[of, percents, expected]) => {
    const [column, id] = of.split(' => ')
    const where = column === '' ? ['', ''] : [`, ${column}`, `, ${id}`]
    await using books = await openWatchedBooks(
      `${daily}INSERT INTO tollgate.alert_rule (id, percents${where[0]}) VALUES ('w', '${percents}'${where[1]});`,
    )
    await books.book([credits(60)])
    expect(await books.levels()).toEqual(expected)
  })

  test('a new rule is told of where it is reached already, and never below what stands', async () => {
    await using books = await openWatchedBooks(daily)
    await books.book([credits(85)])
    await books.change(`INSERT INTO tollgate.alert_rule (id, percents) VALUES ('w', '{50,80}')`)
    expect(await books.levels()).toEqual(['alice daily 50 skipped', 'alice daily 80 told'])
    await books.change(`UPDATE tollgate.alert_rule SET percents = '{50,80,84}'`)
    expect(await books.levels()).toEqual(['alice daily 50 skipped', 'alice daily 80 told', 'alice daily 84 told'])
  })
})

const changes = [
  `DELETE FROM tollgate.limit_rule WHERE id = 'd'`,
  `UPDATE tollgate.limit_rule SET shadow = true WHERE id = 'd'`,
]

test('levels of a limit that is gone or in shadow end without a word', async () => {
  for (const change of changes) {
    await using books = await openWatchedBooks(
      `${daily}INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('m', 'other', 'quota', 'bytes', 9, 'day');`,
    )
    await books.book([credits(85)])
    await books.change(change)
    expect((await books.levels()).filter((level) => level.startsWith('alice daily'))).toEqual([
      'alice daily 80 told ended',
    ])
    expect(await recovered(books)).toEqual([])
  }
})

test('an account that moves to another plan has the levels of that plan', async () => {
  await using books = await openWatchedBooks(`
    INSERT INTO tollgate.plan (id) VALUES ('paid');
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", applies_to_plan) VALUES
      ('f', 'daily', 'quota', 'credits', 100, 'day', 'free'), ('p', 'daily', 'quota', 'credits', 1000, 'day', 'paid');`)
  await books.book([credits(95)])
  await books.change(`UPDATE tollgate.account SET plan = 'paid' WHERE id = 'alice'`)
  expect(await recovered(books)).toMatchObject([{ percent: 95, amount: '1000.000' }])
  await books.change(`UPDATE tollgate.account SET plan = 'free' WHERE id = 'alice'`)
  expect((await books.levels()).filter((level) => !level.endsWith('ended'))).toEqual([
    'alice daily 80 skipped',
    'alice daily 95 told',
  ])
})

test('windows that are over are left as they are', async () => {
  let nowMs = noonMs
  await using books = await openWatchedBooks(daily, () => nowMs)
  await books.book([credits(85)])
  nowMs += 12 * hourMs
  await books.change('UPDATE tollgate.limit_rule SET amount = 1000')
  expect(await books.levels()).toEqual(['alice daily 80 told'])
})

test('a pass over everybody goes through all pages', async () => {
  await using books = await openWatchedBooks(daily)
  await books.policy.sql(`
    INSERT INTO tollgate.account (id, project, plan) SELECT 'a' || n, 'vision', 'free' FROM generate_series(1, 2500) AS n;
    INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
      SELECT partition, 'account', id, 'any', 'credits', 'day', 'UTC', ${at(noonMs - 12 * hourMs)}, ${at(noonMs + 12 * hourMs)}, 50
        FROM tollgate.account;`)
  await books.change('UPDATE tollgate.limit_rule SET amount = 60')
  expect(await books.rows('SELECT count(*)::int AS count FROM tollgate.alert_event WHERE percent = 80')).toEqual([
    { count: 2_501 },
  ])
})
