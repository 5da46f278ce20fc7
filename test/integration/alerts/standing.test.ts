import { expect, test } from 'vitest'
import { ledgerLag } from '../../../src/alerts/ledger-lag.ts'
import { type HeldRow, policyQuarantined } from '../../../src/alerts/policy-quarantined.ts'
import type { Condition } from '../../../src/alerts/watch.ts'
import type { WatchStore } from '../../../src/alerts/watch-ports.ts'
import { createPostgresWatchStore } from '../../../src/postgres/watch-store.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const told = ({ rows }: LedgerDatabase, type: string) =>
  rows(
    `SELECT level, account, project, department, data, ended_at IS NOT NULL AS ended FROM tollgate.alert_event
      WHERE type = $1 ORDER BY at, key`,
    [type],
  )

const older = ({ rows }: LedgerDatabase) => rows("UPDATE tollgate.alert_event SET at = at - interval '11 seconds'")

/** Two processes on one database look at the same time, and both once more. */
async function lookTwice({ pool }: LedgerDatabase, of: (store: WatchStore) => Condition): Promise<void> {
  const stores = [createPostgresWatchStore(pool), createPostgresWatchStore(pool)]
  for (let round = 0; round < 2; round += 1) await Promise.all(stores.map((store) => of(store).look()))
}

test('a row that is held back is told until it is mended, and not again at each turn of its coming and going', async () => {
  await using database = await openLedgerDatabase()
  const row: HeldRow = {
    table: 'limit_rule',
    id: 'd',
    reasons: ['limit_amount_is_not_negative'],
    inForce: 'last good version',
  }
  const look = (held: readonly HeldRow[] | undefined) =>
    lookTwice(database, (store) => policyQuarantined(store, () => held))
  const said = async () =>
    (await told(database, 'policy_quarantined')).map(({ data, ended }) => [(data as { key: string }).key, ended])
  await look([row])
  await look([row, { ...row, id: 'e' }])
  expect(await said()).toEqual([
    ['d', false],
    ['e', false],
  ])
  await look([row])
  expect(await said()).toEqual([
    ['d', false],
    ['e', false],
  ])
  await older(database)
  await look(undefined)
  await look([row])
  expect(await said()).toEqual([
    ['d', false],
    ['e', true],
  ])
  await look([row, { ...row, id: 'e' }])
  expect(await said()).toEqual([
    ['d', false],
    ['e', true],
  ])
  await database.rows(
    "UPDATE tollgate.alert_event SET ended_at = now() - interval '11 minutes' WHERE ended_at IS NOT NULL",
  )
  await look([row, { ...row, id: 'e' }])
  expect(await said()).toEqual([
    ['d', false],
    ['e', true],
    ['e', false],
  ])
})

test('a ledger that is behind is told once by processes that are none, and over when one is not behind', async () => {
  await using database = await openLedgerDatabase()
  const ledger = createPostgresWatchStore(database.pool)
  const pass = (ms: number) =>
    database.rows("UPDATE tollgate.ledger_progress SET caught_up_at = caught_up_at - $1 * interval '1 millisecond'", [
      ms,
    ])
  const look = () => lookTwice(database, (store) => ledgerLag(store, { upMs: () => 60_000 }))
  await ledger.noteCaughtUp(0)
  await pass(29_000)
  await look()
  expect(await told(database, 'ledger_lag')).toEqual([])
  await pass(13_000)
  await ledger.noteCaughtUp(3_600_000)
  await look()
  await pass(10_000)
  await look()
  const place = { level: 'critical', account: null, project: null, department: null, data: { seconds: 42 } }
  expect(await told(database, 'ledger_lag')).toEqual([{ ...place, ended: false }])
  await older(database)
  await ledger.noteCaughtUp(0)
  await look()
  expect(await told(database, 'ledger_lag')).toEqual([{ ...place, ended: true }])
})

test('noteCaughtUp() never goes back, nor beyond now after a wrong clock', async () => {
  await using database = await openLedgerDatabase()
  const store = createPostgresWatchStore(database.pool)
  expect(await store.caughtUpMsAgo()).toBeUndefined()
  await store.noteCaughtUp(60_000)
  expect(await store.caughtUpMsAgo()).toBeGreaterThanOrEqual(60_000)
  await store.noteCaughtUp(0)
  await store.noteCaughtUp(60_000)
  expect(await store.caughtUpMsAgo()).toBeLessThan(60_000)
  await database.rows("UPDATE tollgate.ledger_progress SET caught_up_at = now() + interval '1 day'")
  await store.noteCaughtUp(0)
  expect(await store.caughtUpMsAgo()).toBeGreaterThanOrEqual(0)
})
