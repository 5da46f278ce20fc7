import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CounterWindow } from '../../../src/core/charge.ts'
import { windowKinds } from '../../../src/core/limit.ts'
import { windowsAt } from '../../../src/core/quota-window.ts'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { account, chargeEntry, listStream, testDayMs } from '../../support/charge-entries.ts'
import { hoursThatDiffer, openLedgerDatabase } from '../../support/ledger-database.ts'

const minuteMs = 60_000
/** Whole hours, a half, three quarters, a summer time of half an hour, and a half with summer time. */
const zones = ['UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'] as const
const alice = account('alice')
const research = { kind: 'department', id: 'research', partition: 7 } as const
const names = ['alice', 'bob'] as const

/** Around a plain day, and around the nights in which Lord Howe and Saint John's change their clocks. */
const middles = [testDayMs, Date.UTC(2026, 9, 3, 15, 30), Date.UTC(2026, 10, 1, 4, 30)]

/** Instants of five days of one run, most of them just before, at or after a quarter of an hour. */
const instantAround = (middleMs: number) =>
  fc
    .record({ quarter: fc.integer({ min: -240, max: 240 }), off: fc.constantFrom(-1, 0, 1, 400_000) })
    .map(({ quarter, off }) => middleMs + quarter * 15 * minuteMs + off)

const chargeAround = (middleMs: number) =>
  fc.record({
    at: instantAround(middleMs),
    name: fc.constantFrom(...names),
    surface: fc.constantFrom('pypi' as const, 'gpu' as const),
    credits: fc.integer({ min: 0, max: 5_000 }),
    corrected: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined }),
  })

const askedAround = (middleMs: number) =>
  fc
    .record({
      window: fc.constantFrom(...windowKinds),
      timeZone: fc.constantFrom(...zones),
      surface: fc.constantFrom('any' as const, 'pypi' as const, 'gpu' as const),
      at: instantAround(middleMs),
    })
    .map(({ at, ...one }): CounterWindow => {
      const { startMs, endMs } = windowsAt(at, one, new Map()).current
      return { ...one, quantity: 'credits', startMs, endMs }
    })

/** Windows of no calendar, down to a millisecond: the sum must not rest on windows being what they are today. */
const anywhereAround = (middleMs: number) =>
  fc
    .record({
      startMs: instantAround(middleMs),
      lengthMs: fc.oneof(
        fc.integer({ min: 1, max: 200 * minuteMs }),
        fc.integer({ min: 1, max: 31 * 1_440 * minuteMs }),
      ),
    })
    .map(
      ({ startMs, lengthMs }): CounterWindow => ({
        ...{ window: 'day', timeZone: 'UTC', surface: 'any', quantity: 'credits' },
        ...{ startMs, endMs: startMs + lengthMs },
      }),
    )

const runs = fc.constantFrom(...middles).chain((middleMs) =>
  fc.record({
    charges: fc.array(chargeAround(middleMs), { minLength: 30, maxLength: 80 }),
    windows: fc.array(fc.oneof(askedAround(middleMs), anywhereAround(middleMs)), { minLength: 6, maxLength: 20 }),
  }),
)

test('figures() of a first seed are the sum of the entries in the window, of any calendar and any zone, also after corrections', async () => {
  await fc.assert(
    fc.asyncProperty(runs, async ({ charges, windows }) => {
      await using database = await openLedgerDatabase()
      const store = createPostgresLedgerStore({ pool: database.pool, observer })
      const stream = listStream()
      const entryOf = (
        { at, name, surface, credits }: Pick<(typeof charges)[number], 'at' | 'name' | 'surface' | 'credits'>,
        nth: number,
      ) =>
        chargeEntry({
          ...{ id: `${nth}.${at.toString(36)}`, at, surface, state: 'open', subjects: [account(name), research] },
          meta: { ...chargeEntry().meta, account: name },
          amounts: { requests: 1, credits, bytes: 0, gpu_ms: 0 },
        })
      stream.append(...charges.map(entryOf))
      const corrections = charges.flatMap(({ corrected, ...one }, nth) =>
        corrected === undefined ? [] : [{ ...entryOf({ ...one, credits: corrected }, nth), state: 'final' as const }],
      )
      stream.append(...corrections)
      for (let batch = 0; batch < charges.length + corrections.length; batch += 7) {
        await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 7 }))
      }
      expect(await database.rows(hoursThatDiffer)).toEqual([])
      const sumOf = (window: CounterWindow, who: string | undefined) =>
        charges
          .filter(({ at, surface, name }) => {
            const isInside = at >= window.startMs && at < window.endMs
            return isInside && (window.surface === 'any' || window.surface === surface) && (who ?? name) === name
          })
          .reduce((sum, { credits, corrected }) => sum + (corrected ?? credits), 0)
      for (const subject of [alice, research]) {
        // Equal windows are one counter; a first seed is asked for each once.
        const seed = await store.figures(subject, windows)
        const truth = windows.map((window) => sumOf(window, subject === alice ? 'alice' : undefined))
        expect(seed.counters.map(({ used }) => used)).toEqual(truth)
      }
    }),
    { numRuns: 25 },
  )
})

test('the first seed of a month reads hours, not the entries of the month', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  const stream = listStream()
  const monthMs = Date.UTC(2026, 10, 1)
  stream.append(
    ...[0, 1, 20, 29].map((day) =>
      chargeEntry({ id: `${day}.x`, at: monthMs + (day + 0.5) * 1_440 * minuteMs, subjects: [research] }),
    ),
  )
  await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 10 }))
  const range = { startMs: monthMs, endMs: Date.UTC(2026, 11, 1) }
  const month: CounterWindow = { surface: 'any', quantity: 'requests', window: 'month', timeZone: 'UTC', ...range }
  // Entries that are not in the hours show that they are not asked.
  await database.rows('DELETE FROM tollgate.usage_entry')
  expect((await store.figures(research, [month])).counters[0]?.used).toBe(4)
})
