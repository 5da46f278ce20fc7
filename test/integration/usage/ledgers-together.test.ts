import { expect, test } from 'vitest'
import { createMemorySpendStore } from '../../../src/memory/spend-store.ts'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { createLedger, ledgerDefaults } from '../../../src/usage/ledger.ts'
import { createSeeder } from '../../../src/usage/seeder.ts'
import { countersAndTruth, hoursThatDiffer, openLedgerDatabase } from '../../support/ledger-database.ts'
import { openLedgerWorld } from '../../support/ledger-world.ts'
import { alice, amounts, hourOf, quotaLine, reportOf, spendRequest } from '../../support/spend-harness.ts'

test('two running ledgers, one losing its connections, and a third that comes late book every request once and keep every counter right', async () => {
  await using world = await openLedgerWorld()
  const ledgers = [1, 2, 3].map(() =>
    createLedger({
      stream: world.spending,
      store: createPostgresLedgerStore({ pool: world.database.pool, observer }),
      seedStore: world.spending,
      observer,
      settings: { ...ledgerDefaults, nowMs: Date.now, idleMs: 5, batchMax: 4, trimEveryMs: 20, keepMs: 0 },
    }),
  )
  const [first, second, third] = ledgers
  first?.start()
  second?.start()
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1`
  let truth = 0
  for (let index = 0; index < 120; index += 1) {
    const report = await world.spend(`r${index}.${Date.now().toString(36)}`)
    truth += 1_000 - index
    const final = { ...report, amounts: amounts({ requests: 1, credits: 1_000 - index }) }
    await world.spending.report({ ...report, state: 'open' })
    await Promise.all([world.spending.report(final), world.spending.report(final)])
    if (index % 10 === 0) await world.database.pool.query(cut).catch(() => undefined)
    if (index === 60) third?.start()
  }
  await Promise.all(ledgers.map((ledger) => ledger.stop()))
  await world.settle()
  expect(await world.figures()).toEqual(
    ['account:alice', 'department:research'].map((subject) => ({ subject, store: truth, kept: truth, truth })),
  )
  expect(await world.database.rows('SELECT count(*)::int AS rows FROM tollgate.usage_entry')).toEqual([{ rows: 120 }])
  expect(await world.database.rows(hoursThatDiffer)).toEqual([])
})

test('the in-process store: what is drained before the end is there for the next start, whose counters are seeded from it', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresLedgerStore({ pool: database.pool, observer })
  let starts = 0
  function start() {
    starts += 1
    const epoch = `start ${starts}`
    const spending = createMemorySpendStore({ nowMs: Date.now, randomText: () => epoch, observer })
    const settings = { ...ledgerDefaults, nowMs: Date.now }
    const ledger = createLedger({ stream: spending, store, seedStore: spending, observer, settings })
    const seed = createSeeder({
      store,
      seedStore: spending,
      drain: ledger.drain,
      nowMs: Date.now,
      observer,
      inFlightMax: 10,
    })
    return { spending, ledger, seed }
  }
  const current = hourOf(Date.now())
  const line = quotaLine({ current, next: hourOf(current.endMs), hits: 1_000, amount: 2_500 })
  const counter = { surface: 'any', quantity: 'credits', window: 'hour', timeZone: 'UTC', ...current } as const
  async function spend({ spending, seed }: ReturnType<typeof start>, id: string) {
    const request = spendRequest({ id, lines: [line], notAfterMs: Date.now() + 5_000 })
    const cold = await spending.spend(request)
    if (cold.kind === 'cold') expect(await seed(alice, [counter], { notAfterMs: Date.now() + 5_000 })).toBe(true)
    return { request, answer: cold.kind === 'cold' ? await spending.spend(request) : cold }
  }

  for (const id of ['one', 'two']) {
    const process = start()
    const { request, answer } = await spend(process, id)
    await process.spending.report(reportOf(request, answer))
    expect(await process.ledger.drainOnce()).toBe(1)
    await process.ledger.stop()
  }
  expect((await spend(start(), 'three')).answer).toMatchObject({ kind: 'refused' })
  const rows = await database.rows(countersAndTruth)
  expect(rows).toMatchObject([{ subject: 'account:alice', used: '2.000', truth: '2.000' }])
})
