import { expect, test } from 'vitest'
import { createPackTools } from '../../../src/compose/pack-tools.ts'
import { givePack, listPacks } from '../../../src/manage/give-pack.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const operator: Actor = { kind: 'operator' }
const admin: Actor = { kind: 'account', id: 'root', role: 'admin', project: 'vision' }
const lead: Actor = { kind: 'account', id: 'lead', role: 'lead', project: 'vision' }

const setup = `
  INSERT INTO tollgate.department (id) VALUES ('research');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.account (id, role, project, plan, time_zone) VALUES
    ('root', 'admin', 'vision', 'free', 'UTC'), ('lead', 'lead', 'vision', 'free', 'UTC'),
    ('alice', 'member', 'vision', 'free', 'Asia/Shanghai'), ('anna', 'member', 'vision', 'free', 'America/Los_Angeles');
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", applies_to_account) VALUES
    ('daily', 'daily', 'quota', 'credits', 'account', 10, 'day', NULL),
    ('daily-anna', 'daily', 'quota', 'credits', 'address', 10, 'day', 'anna');
  INSERT INTO tollgate.pack (id, limit_name, amount, lasts, price, currency, note) VALUES
    ('vip-day', 'daily', 2.5, 'day', 9.9, 'CNY', 'today'), ('vip-month', 'daily', 100, 'month', NULL, NULL, '')`

async function openShop(now: string) {
  const database = await openLedgerDatabase()
  await database.pool.query(setup)
  const tools = { ...createPackTools(database.pool), nowMs: () => Date.parse(now) }
  return { database, tools, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

test('listPacks() answers what can be given, by id', async () => {
  await using shop = await openShop('2026-11-22T12:00Z')
  expect(await listPacks(shop.tools)).toEqual([
    {
      ...{ id: 'vip-day', limitName: 'daily', amount: '2.5', lasts: 'day', note: 'today' },
      price: { amount: '9.90', currency: 'CNY' },
    },
    { id: 'vip-month', limitName: 'daily', amount: '100', lasts: 'month', note: '' },
  ])
})

test.each([
  ['vip-day', '2030-11-22T15:59:59Z', '2030-11-22T16:00:00Z'],
  ['vip-day', '2030-11-22T16:00:00Z', '2030-11-23T16:00:00Z'],
  ['vip-month', '2030-11-22T15:59:59Z', '2030-12-22T16:00:00Z'],
  // The last day of a shorter month.
  ['vip-month', '2031-01-31T03:00:00Z', '2031-02-28T16:00:00Z'],
])('givePack() of %s at %s lasts until %s, by the account’s calendar', async (pack, now, until) => {
  await using shop = await openShop(now)
  const given = await givePack(shop.tools, { actor: admin, account: 'alice', pack })
  expect(given).toMatchObject({
    ...{ kind: 'pack', limitName: 'daily', for: { kind: 'account', id: 'alice' }, spent: '0', state: 'running' },
    ...{ amount: pack === 'vip-day' ? '2.5' : '100', endsAtMs: Date.parse(until), note: `The pack ${pack}` },
  })
  const [change] = await shop.database.rows(`SELECT by FROM tollgate.policy_change WHERE table_name = 'grant'`)
  expect(change?.['by']).toBe('root')
})

test.each([
  [operator, 'nobody', 'vip-day', 'not_found', 'There is no account nobody'],
  [operator, 'alice', 'vip-year', 'not_found', 'There is no pack vip-year'],
  [operator, "alice'; --", 'vip-day', 'not_found', "There is no account alice'; --"],
  [operator, 'anna', 'vip-day', 'not_valid', 'The limit daily is no quota that anna has alone, so no pack adds to it'],
  [admin, 'root', 'vip-day', 'forbidden', 'Nobody gives a pack to themselves; ask another administrator'],
  [lead, 'alice', 'vip-day', 'forbidden', 'lead may not give grants of alice'],
] as const)('givePack() by %o to %s of %s is refused', async (...[actor, account, pack, code, message]) => {
  await using shop = await openShop('2030-11-22T12:00Z')
  await expect(givePack(shop.tools, { actor, account, pack })).rejects.toMatchObject({ code, message })
  expect(await shop.database.rows('SELECT FROM tollgate.grant')).toEqual([])
})
