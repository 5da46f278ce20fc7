import { expect, test } from 'vitest'
import { credits, noonMs, openWatchedBooks } from '../../support/watched-books.ts'

const daily = (amount: number) =>
  `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', ${amount}, 'day');`

test('a charge that crosses a level writes its event with the charge, once', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.book([credits(79)])
  expect(await books.levels()).toEqual([])
  await books.book([credits(1)])
  await books.book([credits(1), credits(1)])
  expect((await books.events()).filter(({ type }) => type === 'level')).toMatchObject([
    {
      key: `level account:alice daily ${noonMs - 43_200_000} 80`,
      ...{ type: 'level', level: 'warning', percent: 80, skipped: false, ended_at: null },
      ...{ account: 'alice', project: 'vision', department: 'research', limit_name: 'daily' },
      ...{ subject_kind: 'account', subject_id: 'alice', surface: 'any', counts: 'credits', window_kind: 'day' },
      ...{ time_zone: 'UTC', used: '80.000', amount: '100.000' },
      window_start: new Date(noonMs - 43_200_000),
      reset_at: new Date(noonMs + 43_200_000),
    },
  ])
})

test('a jump from 10 % to 120 % tells the highest level and writes the rest as skipped', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.book([credits(10)])
  await books.book([credits(110)])
  expect(await books.levels()).toEqual(['alice daily 80 skipped', 'alice daily 95 skipped', 'alice daily 100 told'])
})

test('a raised limit ends what is no longer reached, tells it once with the new amount, and the levels may be told anew', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.book([credits(100)])
  await books.change('UPDATE tollgate.limit_rule SET amount = 105')
  expect(await books.levels()).toEqual([
    'alice daily 80 skipped',
    'alice daily 95 skipped',
    'alice daily 100 told ended',
  ])
  const recovered = async () => (await books.events()).filter(({ type }) => type === 'recovered')
  expect(await recovered()).toMatchObject([{ level: 'info', percent: 100, used: '100.000', amount: '105.000' }])
  await books.change('UPDATE tollgate.limit_rule SET amount = 1000')
  expect(await recovered()).toMatchObject([{ percent: 100 }, { percent: 95, amount: '1000.000' }])
  await books.book([credits(700)])
  expect(await books.levels()).toEqual([
    'alice daily 80 skipped ended',
    'alice daily 80 told',
    'alice daily 95 skipped ended',
    'alice daily 100 told ended',
  ])
})

test('a lowered limit writes the levels that are now reached, without a charge', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.book([credits(60)])
  await books.change('UPDATE tollgate.limit_rule SET amount = 62')
  expect(await books.levels()).toEqual(['alice daily 80 skipped', 'alice daily 95 told'])
  await books.book([credits(1)])
  await books.change('UPDATE tollgate.limit_rule SET amount = 50')
  expect(await books.levels()).toEqual(['alice daily 80 skipped', 'alice daily 95 told', 'alice daily 100 told'])
})
