import { expect, test } from 'vitest'
import { credits, openWatchedBooks, type WatchedBooks } from '../../support/watched-books.ts'

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
