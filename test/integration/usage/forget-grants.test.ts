import { expect, test } from 'vitest'
import { createPostgresUpkeep } from '../../../src/postgres/ledger-upkeep.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const id = (word: string, nth: number): string => `${word}-${nth.toString(16).padStart(32, '0')}`

test('upkeep forgets bridges and tails that ended 35 days ago, and nothing that somebody gave or asked for', async () => {
  await using database = await openLedgerDatabase()
  const ended = (name: string, days: number, kind = 'raise') =>
    `('${name}', '${kind}', 'daily', 'alice', 1, now() - make_interval(days => ${days + 1}), now() - make_interval(days => ${days}))`
  const asked = id('bridge', 9)
  await database.pool.query(`
    INSERT INTO tollgate.department (id) VALUES ('research'); INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
    INSERT INTO tollgate.plan (id) VALUES ('free'); INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'vision', 'free'), ('bob', 'vision', 'free');
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'requests', 1, 'day');
    INSERT INTO tollgate.grant (id, kind, limit_name, account, amount, starts_at, ends_at) VALUES
      ${[34, 36, 40, 50].map((days) => ended(id('bridge', days), days)).join()}, ${ended(id('tail', 36), 36)},
      ${ended('raise', 50)}, ${ended('bridge-by-hand', 50)}, ${ended('pack', 50, 'pack')}, ${ended(asked, 50)};
    INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, amount, asked_at, ends_at, state, decided_at, decided_by, grant_id)
    VALUES ('r', 'alice', 'daily', 'alice', 1, now() - interval '51 days', now() - interval '50 days', 'approved', now(), 'bob', '${asked}')`)
  const upkeep = createPostgresUpkeep({ pool: database.pool, entryDays: 90, hourDays: 400, rowsMax: 3 })
  expect(await upkeep.step('prune_grants')).toEqual({ done: 3, hasMore: true })
  expect(await upkeep.step('prune_grants')).toEqual({ done: 1, hasMore: false })
  const left = (await database.rows('SELECT id FROM tollgate.grant')).map((row) => row['id'])
  expect(left.sort()).toEqual([asked, id('bridge', 34), 'bridge-by-hand', 'pack', 'raise'].sort())
  expect(await database.rows('SELECT DISTINCT by FROM tollgate.policy_change WHERE new IS NULL')).toEqual([
    { by: 'ledger' },
  ])
})
