import { describe, expect, test } from 'vitest'
import type { DrainStep } from '../../../src/postgres/ledger-store.ts'
import { credits, noonMs, openWatchedBooks } from '../../support/watched-books.ts'

const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day');`
const raise = 'UPDATE tollgate.limit_rule SET amount = 400'

/** Books of which 100 of 100 credits were used in a batch that a raise to 400, and the look at it, overtook at the step. */
async function overtaken(step: DrainStep) {
  const clock = { nowMs: noonMs }
  const books = await openWatchedBooks(daily, () => clock.nowMs)
  const slow = books.another({ onStep: (at) => (at === step ? books.change(raise) : undefined) })
  await books.book([credits(100)], slow)
  return {
    books,
    [Symbol.asyncDispose]: () => books[Symbol.asyncDispose](),
    async lookAfter(seconds: number): Promise<void> {
      clock.nowMs = noonMs + seconds * 1_000
      await books.pass.once()
    },
  }
}

describe('a limit that is raised while a batch is booked', () => {
  test('is told of as it is by the time that its use is known', async () => {
    await using world = await overtaken('merged')
    expect(await world.books.levels()).toEqual([])
    await world.books.book([credits(220)])
    expect(await world.books.levels()).toEqual(['alice daily 80 told'])
  })

  test('is warned of anew, although levels of what it was still stand', async () => {
    await using world = await overtaken('told')
    const { books } = world
    const former = ['alice daily 95 skipped', 'alice daily 100 told']
    expect(await books.levels()).toEqual(['alice daily 80 skipped', ...former])
    await books.book([credits(220)])
    expect(await books.levels()).toEqual(['alice daily 80 skipped ended', 'alice daily 80 told', ...former])
    await books.book([credits(1)])
    expect(await books.levels()).toHaveLength(4)
    await books.book([credits(79)])
    expect((await books.levels()).filter((level) => level.includes(' 100 '))).toEqual([
      'alice daily 100 told ended',
      'alice daily 100 told',
    ])
    const told = (await books.events()).filter(({ type, skipped }) => type === 'level' && skipped === false)
    expect(told.map(({ percent, amount, used }) => [percent, amount, used])).toEqual([
      [100, '100.000', '100.000'],
      [80, '400.000', '320.000'],
      [100, '400.000', '400.000'],
    ])
  })

  test('is looked at again when the batch is in the books, without anything else that happens', async () => {
    await using world = await overtaken('told')
    await world.lookAfter(1)
    expect((await world.books.levels()).filter((level) => level.endsWith('ended'))).toEqual([])
    await world.lookAfter(2)
    expect(await world.books.levels()).toEqual([
      ...['alice daily 80 skipped ended', 'alice daily 95 skipped ended', 'alice daily 100 told ended'],
    ])
    expect((await world.books.events()).at(-1)).toMatchObject({ type: 'recovered', percent: 100, amount: '400.000' })
    await world.books.book([credits(220)])
    expect((await world.books.levels()).filter((level) => !level.endsWith('ended'))).toEqual(['alice daily 80 told'])
  })
})
