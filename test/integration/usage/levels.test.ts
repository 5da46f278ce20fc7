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
