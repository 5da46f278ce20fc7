import pg from 'pg'
import { expect, test } from 'vitest'
import type { DrainStep } from '../../../src/postgres/ledger-store.ts'
import { createPostgresLevelBooks } from '../../../src/postgres/level-books.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { createLevelWatch } from '../../../src/usage/level-watch.ts'
import type { LedgerWatch } from '../../../src/usage/ports.ts'
import { chargeEntry, listStream, testDayMs } from '../../support/charge-entries.ts'
import { credits, noonMs, openWatchedBooks, subjects } from '../../support/watched-books.ts'

const daily = (amount: number) =>
  `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', ${amount}, 'day');`
const each = `SELECT key, count(*)::int AS count, count(*) FILTER (WHERE ended_at IS NULL)::int AS standing FROM tollgate.alert_event
               WHERE type = 'level' GROUP BY key ORDER BY key`

/** Counts what is counted and warned of. */
function recording(): { readonly observer: Observer; readonly counted: string[]; readonly warned: string[] } {
  const [counted, warned]: [string[], string[]] = [[], []]
  const observer: Observer = {
    ...silentObserver,
    count: (name) => counted.push(name),
    warn: (event) => warned.push(event),
  }
  return { observer, counted, warned }
}

test('ledgers that drain together, and passes beside them, write each level exactly once', async () => {
  await using books = await openWatchedBooks(
    `${daily(100)}INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone) VALUES
       ('p', 'shared', 'quota', 'requests', 'project', 100, 'day', 'UTC');`,
  )
  const stream = listStream('together')
  stream.append(
    ...Array.from({ length: 150 }, (_, place) =>
      chargeEntry({ id: `t${place}.${testDayMs.toString(36)}`, at: noonMs - 60_000, ...credits(1), subjects }),
    ),
  )
  const ledger = async () => {
    const store = books.another()
    for (let merged = 1; merged > 0; ) {
      const drained = await store.drain(7, (checkpoint) => stream.charges({ partition: 7, checkpoint, countMax: 5 }))
      merged = drained.merged
    }
  }
  const pass = async () => {
    for (let count = 0; count < 10; count += 1) {
      books.pass.recheck('everybody')
      await books.pass.once()
    }
  }
  await Promise.all([ledger(), ledger(), ledger(), pass()])
  const startMs = noonMs - 43_200_000
  const names = ['account:alice daily', 'project:vision shared']
  expect(await books.rows(each)).toEqual(
    names.flatMap((name) =>
      [100, 80, 95].map((percent) => ({ key: `level ${name} ${startMs} ${percent}`, count: 1, standing: 1 })),
    ),
  )
})

test('passes of several processes end a level once and tell it once', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.book([credits(100)])
  await books.enforce('UPDATE tollgate.limit_rule SET amount = 1000')
  expect(await books.levels()).toContain('alice daily 100 told')
  const passes = Array.from({ length: 4 }, async () => {
    books.pass.recheck('everybody')
    await books.pass.once()
  })
  await Promise.all(passes)
  const recovered = (await books.events()).filter(({ type }) => type === 'recovered')
  expect(recovered).toHaveLength(1)
  expect(await books.levels()).toContain('alice daily 100 told ended')
})

test('what another process has ended is not told again with what this one ends', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.book([credits(100)])
  const levels = createPostgresLevelBooks(books.pool)
  const [counter] = (await levels.counters({ after: undefined, countMax: 10, nowMs: noonMs })).rows
  const ids = (counter?.standing ?? []).map(({ id }) => id)
  expect(ids).toHaveLength(3)
  const told: (readonly string[])[] = []
  const eventOf = (ended: readonly string[]): undefined => void told.push(ended)
  await levels.settle({ ended: [{ ids: ids.slice(0, 1), eventOf }], renamed: [], held: [], events: [] })
  await levels.settle({ ended: [{ ids, eventOf }], renamed: [], held: [], events: [] })
  await levels.settle({ ended: [{ ids, eventOf }], renamed: [], held: [], events: [] })
  expect(told).toEqual([ids.slice(0, 1), ids.slice(1)])
})

test.each(['locked', 'read', 'merged', 'told', 'moved', 'committed'] as const)(
  'a ledger that loses its connection at step %s leaves each level written exactly once',
  async (dieAt: DrainStep) => {
    await using books = await openWatchedBooks(daily(100))
    const stream = listStream('killed')
    stream.append(chargeEntry({ at: noonMs - 60_000, ...credits(96) }))
    const read = (checkpoint: Parameters<Parameters<ReturnType<typeof books.another>['drain']>[1]>[0]) =>
      stream.charges({ partition: 7, checkpoint, countMax: 10 })
    const dying = books.another({
      async onStep(step) {
        if (step !== dieAt) return
        const killer = new pg.Client({ connectionString: books.policy.database.url })
        await killer.connect()
        await killer.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                             WHERE datname = current_database() AND state LIKE 'idle in transaction%'`)
        await killer.end()
        throw new Error('killed')
      },
    })
    await expect(dying.drain(7, read)).rejects.toThrow()
    const left = (await books.events()).length
    expect(left > 0).toBe(dieAt === 'committed')
    for (const ledger of [books.another(), books.another(), dying]) await ledger.drain(7, read).catch(() => undefined)
    expect(await books.levels()).toEqual(['alice daily 80 skipped', 'alice daily 95 told'])
  },
)

test.each([
  ['when the batch begins', { batch: () => fail() }],
  ['on what moved', { reached: () => fail() }],
  ['on what is to be written', { events: () => fail() }],
  ['after the commit', { committed: () => fail() }],
])('a watch that fails %s is counted and told, and the charges are booked all the same', async (_, broken) => {
  await using books = await openWatchedBooks(daily(100))
  const real = createLevelWatch({ policy: () => books.policy.keeper.current(), nowMs: () => noonMs })
  const watch: LedgerWatch = {
    batch: (entries) => ('batch' in broken ? broken.batch() : { ...real.batch(entries), ...broken }),
  }
  const { observer, counted, warned } = recording()
  const ledger = books.another({ watch, observer })
  await books.book([credits(96)], ledger)
  await books.book([credits(1)], ledger)
  expect(await books.rows('SELECT sum(credits)::int AS sum FROM tollgate.usage_entry')).toEqual([{ sum: 97 }])
  expect(counted.filter((name) => name === 'alert_watch_failures_total').length).toBeGreaterThan(1)
  expect(warned).toEqual(['alert_watch_failed'])
})

function fail(): never {
  throw new Error('broken')
}

test('a database that refuses events takes the charges, and what was missed is told with the next charge of anybody', async () => {
  await using books = await openWatchedBooks(daily(100))
  await books.policy.sql('ALTER TABLE tollgate.alert_event ADD CONSTRAINT refuses CHECK (false)')
  const { observer, counted } = recording()
  const ledger = books.another({ observer })
  await books.book([credits(96)], ledger)
  expect(await books.rows('SELECT used::int FROM tollgate.quota_usage')).toEqual([{ used: 96 }])
  expect(counted).toContain('alert_watch_failures_total')
  await books.policy.sql('ALTER TABLE tollgate.alert_event DROP CONSTRAINT refuses')
  await books.book([{ ...credits(1), subjects: subjects.slice(1) }], ledger)
  expect(await books.levels()).toEqual(['alice daily 80 skipped', 'alice daily 95 told'])
})

test('without a policy charges are booked and nothing is told', async () => {
  await using books = await openWatchedBooks(daily(100))
  const { observer, counted } = recording()
  const watch = createLevelWatch({ policy: () => undefined, nowMs: () => noonMs })
  await books.book([credits(96)], books.another({ watch, observer }))
  expect(await books.rows('SELECT sum(credits)::int AS sum FROM tollgate.usage_entry')).toEqual([{ sum: 96 }])
  expect(await books.events()).toEqual([])
  expect(counted).not.toContain('alert_watch_failures_total')
})

test('charges that can never be booked, and of people who are gone, hold up no level', async () => {
  await using books = await openWatchedBooks(daily(100))
  const { observer, counted } = recording()
  const ledger = books.another({ observer })
  const stranger = { kind: 'account', id: 'a\0b\ud800', partition: 7 } as const
  const meta = { ...chargeEntry().meta, account: stranger.id, token: 'gone' }
  await books.book(
    [
      ...[Number.NaN, -1, 8.64e15, 1e300].map((at) => ({ at })),
      { subjects: [stranger, { kind: 'token', id: 'gone', partition: 7 }], meta },
      { ...credits(96), subjects: [...subjects, { kind: 'address', id: '192.0.2.1', partition: 7 }] },
    ],
    ledger,
  )
  expect(await books.levels()).toEqual(['alice daily 80 skipped', 'alice daily 95 told'])
  expect(counted).not.toContain('alert_watch_failures_total')
})
