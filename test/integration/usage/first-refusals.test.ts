import { expect, test } from 'vitest'
import type { RefusedRequest } from '../../../src/core/refused-request.ts'
import { createPostgresRefusalLog } from '../../../src/postgres/refusal-log.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { createRefusals, refusalDefaults } from '../../../src/usage/refusals.ts'
import { testDayMs } from '../../support/charge-entries.ts'
import { parts, refused } from '../../support/refused-request.ts'
import { credits, noonMs, openWatchedBooks, type WatchedBooks } from '../../support/watched-books.ts'

const dayMs = 86_400_000
const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 1000, 'day');`
const amountIs = (credits: number): string => `UPDATE tollgate.limit_rule SET amount = ${credits}`
const today = { startMs: testDayMs, endMs: testDayMs + dayMs }

/** Alice has used 990 of 1,000 credits and asks for 20. */
function refusedAt(atMs: number): RefusedRequest {
  const [used, amount, needs] = [990_000, 1_000_000, 20_000]
  return refused({
    refusal: { cause: 'quota', limit: { ...parts.refusedLimit, used, amount, needs } },
    line: {
      ...parts.line,
      amount,
      hits: needs,
      current: today,
      next: { startMs: today.endMs, endMs: today.endMs + dayMs },
    },
    ...{ counter: { window: today, used }, atMs },
  })
}

/** What is told of the refusals of one process. */
function refusalsOf({ pool, policy }: WatchedBooks) {
  let nowMs = 0
  const refusals = createRefusals({
    ...{ ...refusalDefaults, log: createPostgresRefusalLog(pool), policy: policy.keeper.current, nowMs: () => nowMs },
    observer: silentObserver,
    nowMs: () => noonMs,
  })
  return async (atMs: number): Promise<void> => {
    nowMs = atMs
    refusals.onRefused(refusedAt(atMs))
    await refusals.stop()
  }
}

test('a first refusal is told anew after the limit was raised and lowered again in one window, and once each time', async () => {
  await using books = await openWatchedBooks(daily)
  const refuse = refusalsOf(books)
  await books.book([credits(990)])
  for (const sinceMs of [0, 1, 11_000]) await refuse(noonMs + sinceMs)
  const standing = async () => (await books.levels()).filter((level) => level.includes(' 100 '))
  expect(await standing()).toEqual(['alice daily 100 told'])
  await books.change(amountIs(2_000))
  await books.change(amountIs(1_000))
  expect(await standing()).toEqual(['alice daily 100 told ended'])
  for (const sinceMs of [22_000, 22_001, 33_000]) await refuse(noonMs + sinceMs)
  expect(await standing()).toEqual(['alice daily 100 told ended', 'alice daily 100 told'])
})

test('a refusal that said nothing, because nobody was to be told, is told once somebody is', async () => {
  await using books = await openWatchedBooks(
    `${daily} INSERT INTO tollgate.alert_rule (id, percents) VALUES ('none', '{}')`,
  )
  const refuse = refusalsOf(books)
  await books.book([credits(990)])
  await refuse(noonMs)
  expect(await books.levels()).toEqual([])
  await books.enforce("UPDATE tollgate.alert_rule SET percents = '{100}'")
  await refuse(noonMs + 10_000)
  expect(await books.levels()).toEqual(['alice daily 100 told'])
})
