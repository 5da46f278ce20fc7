import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { AdminTools } from '../../../src/manage/admin-ports.ts'
import { ban, listBans, unban } from '../../../src/manage/ban.ts'
import { deleteRow, listRows, readRow, writeRow } from '../../../src/manage/policy-rows.ts'
import { policyTableNames } from '../../../src/manage/policy-tables.ts'
import { readAudit } from '../../../src/manage/read-audit.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { createPostgresAudit } from '../../../src/postgres/audit.ts'
import { createPostgresPolicyRows } from '../../../src/postgres/policy-rows.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const people = readFileSync(new URL('../../support/people.sql', import.meta.url), 'utf8')
const root: Actor = { kind: 'account', id: 'root-admin', role: 'admin', project: 'vision' }
const lead: Actor = { kind: 'account', id: 'bob', role: 'lead', project: 'speech' }

interface Office extends AsyncDisposable, AdminTools {
  readonly database: LedgerDatabase
}

async function openOffice(): Promise<Office> {
  const database = await openLedgerDatabase()
  await database.pool.query(people)
  const { pool } = database
  return {
    database,
    rows: createPostgresPolicyRows(pool),
    audit: createPostgresAudit(pool),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

const daily = { name: 'daily', kind: 'quota', counts: 'credits', amount: 12.5, window: 'day' }

test('writeRow() makes and changes a row of every kind of column, and answers it before and after', async () => {
  await using office = await openOffice()
  const wish = { actor: root, table: 'limit_rule', key: ['alice-daily'] }
  const made = await writeRow(office, { ...wish, values: { ...daily, applies_to_account: 'alice' } })
  expect(made.old).toBeUndefined()
  expect(made.new).toMatchObject({
    id: 'alice-daily',
    amount: '12.5',
    window: 'day',
    shadow: false,
    enforce_at: 'artifact',
  })
  const changed = await writeRow(office, {
    ...wish,
    values: { amount: '9007199254740.993', shadow: 'true', note: null },
  }).catch((error: unknown) => error)
  expect(changed).toMatchObject({ code: 'not_valid', message: expect.stringContaining('note must have a value') })
  const raised = await writeRow(office, { ...wish, values: { amount: '4503599627370.496', shadow: 'true' } })
  expect([raised.old?.['amount'], raised.new['amount'], raised.new['shadow']]).toEqual([
    '12.5',
    '4503599627370.496',
    true,
  ])
  expect(await readRow(office, wish)).toEqual(raised.new)
  // What is answered can be written again as it is.
  const again = await writeRow(office, { ...wish, values: raised.new })
  expect(again.new).toEqual(raised.new)
  const rate = { name: 'pace', kind: 'rate', counts: 'requests', amount: 5, burst: 5, every: '1 minute' }
  const written = await writeRow(office, { actor: root, table: 'limit_rule', key: ['pace'], values: rate })
  expect(written.new).toMatchObject({ every: '00:01:00', burst: '5' })
  const levels = await writeRow(office, {
    actor: root,
    table: 'alert_rule',
    key: ['low'],
    values: { percents: [50, 100], plan: 'free' },
  })
  expect(levels.new['percents']).toEqual([50, 100])
})

test('writeRow() writes rows whose key has two columns, in the order in which the database can take them', async () => {
  await using office = await openOffice()
  await writeRow(office, {
    actor: root,
    table: 'price_rule',
    key: ['big'],
    values: { surface: 'pypi', base_credits: '0.125' },
  })
  const tier = (from: string) => ({ actor: root, table: 'price_tier', key: ['big', from] })
  const early = await writeRow(office, { ...tier('1000000'), values: { credits_per_mb: 2 } }).catch(
    (error: unknown) => error,
  )
  expect(early).toMatchObject({
    code: 'not_valid',
    message: expect.stringContaining('(tier_of_a_price_begins_at_zero)'),
  })
  await writeRow(office, { ...tier('0'), values: { credits_per_mb: 1 } })
  for (const from of ['1000000', '500', '70000'])
    await writeRow(office, { ...tier(from), values: { credits_per_mb: 2 } })
  const first = await listRows(office, { actor: root, table: 'price_tier', countMax: 1 })
  expect([first.rows, first.next]).toEqual([[{ price: 'big', from_bytes: '0', credits_per_mb: '1' }], ['big', '0']])
  const rest = await listRows(office, { actor: root, table: 'price_tier', countMax: 3, after: first.next ?? [] })
  expect(rest.rows.map((row) => row['from_bytes'])).toEqual(['500', '70000', '1000000'])
  expect(rest.next).toBeUndefined()
})

test('every write is in the audit by the name of whom it was made by, whatever their name looks like', async () => {
  await using office = await openOffice()
  const actor: Actor = { ...root, id: "o'neil; drop" }
  await writeRow(office, { actor, table: 'plan', key: ['vip'], values: { token_days_max: 30 } })
  await writeRow(office, { actor: root, table: 'plan', key: ['vip'], values: { token_days_max: 60 } })
  await deleteRow(office, { actor: { kind: 'operator' }, table: 'plan', key: ['vip'] })
  const { changes } = await readAudit(office, { actor: root, table: 'plan', key: 'vip' })
  expect(changes.map(({ by, old, new: now }) => [by, old?.['token_days_max'], now?.['token_days_max']])).toEqual([
    [expect.stringMatching(/^(?!root-admin)/), 60, undefined],
    ['root-admin', 30, 60],
    ["o'neil; drop", undefined, 30],
  ])
  const first = await readAudit(office, { actor: root, table: 'plan', key: 'vip', countMax: 2 })
  expect(first.changes).toEqual(changes.slice(0, 2))
  const rest = await readAudit(office, {
    actor: root,
    table: 'plan',
    key: 'vip',
    ...(first.next && { after: first.next }),
  })
  expect([rest.changes, rest.next]).toEqual([changes.slice(2), undefined])
  expect((await readAudit(office, { actor: root, by: 'root-admin' })).changes).toHaveLength(1)
  expect((await readAudit(office, { actor: root, sinceMs: Date.now() + 60_000 })).changes).toEqual([])
})

test('only who may everything may write, read and remove rows, and read the audit', async () => {
  await using office = await openOffice()
  const wish = { actor: lead, table: 'plan', key: ['free'] }
  const calls = [
    () => listRows(office, wish),
    () => readRow(office, wish),
    () => writeRow(office, { ...wish, values: { note: 'mine' } }),
    () => deleteRow(office, wish),
    () => readAudit(office, { actor: lead }),
    () => ban(office, { actor: lead, banned: { account: 'alice' }, reason: 'mine' }),
    () => unban(office, { actor: lead, banned: { account: 'alice' } }),
    () => listBans(office, { actor: lead }),
  ]
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'forbidden' })
})

test.each<readonly [string, { table?: string; key?: string[]; values?: Record<string, unknown> }, RegExp]>([
  ['SQL in a table', { table: 'plan; DROP TABLE tollgate.plan' }, /no table of policy/],
  ['a table that is not for rows', { table: 'token' }, /no table of policy/],
  ['a table of another schema', { table: 'pg_catalog.pg_authid' }, /no table of policy/],
  ['a name of an object', { table: '__proto__' }, /no table of policy/],
  ['SQL in a column', { values: { 'note = (SELECT ticket_key FROM tollgate.store_meta), note': 'x' } }, /no column/],
  ['an unknown column', { values: { budget: 1 } }, /no column "budget"/],
  ['a column of objects', { values: { constructor: 1 } }, /no column "constructor"/],
  ['SQL in an id', { key: ["x'; DELETE FROM tollgate.plan; --"] }, /slug_is_lower_case_and_short/],
  ['a NUL character', { values: { note: 'a\u0000b' } }, /note must be a text/],
  ['half a character', { values: { note: '\ud800' } }, /note must be a text/],
  ['a huge text', { values: { note: 'x'.repeat(5_000_000) } }, /note must be a text/],
  ['a text beyond the rule', { values: { note: 'x'.repeat(501) } }, /plan note is short \(plan_note_is_short\)/],
  ['a text for a number', { values: { token_days_max: 'seven' } }, /token_days_max must be a whole number/],
  ['a fraction for a whole number', { values: { token_days_max: 1.5 } }, /token_days_max must be a whole number/],
  ['an object', { values: { token_days_max: { $gt: 1 } } }, /token_days_max must be a whole number/],
  ['a number beyond its type', { values: { token_days_max: 99_999_999_999 } }, /out of range/],
  [
    'a number beyond the rule',
    { values: { token_days_max: 0 } },
    /plan token days max is 1 to 3650 \(plan_token_days_max_is_1_to_3650\)/,
  ],
  ['two faults', { values: { budget: 1, note: 7 } }, /budget.*; note must be a text/],
  ['another key', { values: { id: 'other' } }, /does not change/],
  ['a key of two parts', { key: ['a', 'b'] }, /named by its id/],
])('writeRow() refuses %s and writes nothing', async (_, given, words) => {
  await using office = await openOffice()
  const wish = { actor: root, table: 'plan', key: ['other-plan'], values: { note: 'x' }, ...given }
  await expect(writeRow(office, wish)).rejects.toMatchObject({
    code: 'not_valid',
    message: expect.stringMatching(words),
  })
  expect(
    await office.database.rows("SELECT FROM tollgate.policy_change WHERE table_name = 'plan' AND by = 'root-admin'"),
  ).toEqual([])
})

test.each<readonly [string, Record<string, unknown>, RegExp]>([
  ['more decimals than are kept', { ...daily, amount: '1.0005' }, /amount must be a number with at most 3 decimals/],
  ['a number in words of machines', { ...daily, amount: 'NaN' }, /amount must be a number/],
  ['a number with an exponent', { ...daily, amount: '1e3' }, /amount must be a number/],
  [
    'a missing column',
    { name: 'daily', kind: 'quota', window: 'day', amount: 1 },
    /limit_rule must have a value in counts/,
  ],
  ['an account that is not there', { ...daily, applies_to_account: 'nobody' }, /nobody.*\(limit_account_exists\)/],
  ['no time', { ...daily, every: 'soon' }, /invalid input syntax for type interval/],
  ['an unknown word', { ...daily, kind: 'wish' }, /\(limit_kind_is_known\)|limit kind is/],
])('writeRow() refuses a limit with %s in words', async (_, values, words) => {
  await using office = await openOffice()
  const wish = { actor: root, table: 'limit_rule', key: ['one'], values }
  await expect(writeRow(office, wish)).rejects.toMatchObject({
    code: 'not_valid',
    message: expect.stringMatching(words),
  })
})

test('writeRow() tells a row that is there from one that is not when it is asked to', async () => {
  await using office = await openOffice()
  const wish = { actor: root, table: 'plan', values: { note: 'x' } }
  await expect(writeRow(office, { ...wish, key: ['free'], only: 'new' })).rejects.toMatchObject({ code: 'conflict' })
  await expect(writeRow(office, { ...wish, key: ['gold'], only: 'existing' })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect((await writeRow(office, { ...wish, key: ['gold'], only: 'new' })).new['note']).toBe('x')
  await expect(readRow(office, { ...wish, key: ["x' OR true --"] })).rejects.toMatchObject({ code: 'not_found' })
})

test('deleteRow() keeps what others refer to, and the last row of a table that is held', async () => {
  await using office = await openOffice()
  const plan = (id: string) => deleteRow(office, { actor: root, table: 'plan', key: [id] })
  await expect(plan('free')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('account_plan_exists'),
  })
  await writeRow(office, { actor: root, table: 'limit_rule', key: ['only'], values: daily })
  const last = { actor: root, table: 'limit_rule', key: ['only'] }
  await expect(deleteRow(office, last)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('last row'),
  })
  expect((await deleteRow(office, { ...last, isLastMeant: true })).old['id']).toBe('only')
  expect(await office.database.rows('SELECT table_name FROM tollgate.emptied_table')).toEqual([
    { table_name: 'limit_rule' },
  ])
  await expect(deleteRow(office, last)).rejects.toMatchObject({ code: 'not_found' })
})

test('listRows() answers each table of policy that is there, and filters by what is equal', async () => {
  await using office = await openOffice()
  for (const table of policyTableNames) {
    const { table: described } = await listRows(office, { actor: root, table })
    expect(
      described.columns.filter(({ comment }) => comment === ''),
      table,
    ).toEqual([])
    expect(
      described.columns.some(({ keyPlace }) => keyPlace === 1),
      table,
    ).toBe(true)
  }
  const { rows } = await listRows(office, {
    actor: root,
    table: 'account',
    where: { project: 'vision', disabled: false },
  })
  expect(rows.map(({ id }) => id)).toEqual(['alice'])
})

test('ban() denies an account or a network until its end, once however often it is said, and unban() lifts it', async () => {
  await using office = await openOffice()
  const untilMs = Date.UTC(2031, 0, 2, 3, 4, 5)
  const alice = { actor: root, banned: { account: 'alice' } }
  await ban(office, { ...alice, reason: 'Harvests the index', untilMs })
  const { old, new: now } = await ban(office, { ...alice, reason: 'Harvests it again', untilMs, surface: 'pypi' })
  expect(old).toEqual({
    id: 'ban-alice',
    account: 'alice',
    reason: 'Harvests the index',
    expiresAt: '2031-01-02T03:04:05Z',
  })
  expect(now).toMatchObject({ reason: 'Harvests it again', surface: 'pypi' })
  await ban(office, { actor: root, banned: { network: '203.0.113.7/24' }, reason: 'Bots' })
  await ban(office, { actor: root, banned: { network: '2001:DB8::1' }, reason: 'Bots' })
  expect((await listBans(office, { actor: root })).map(({ id, network }) => [id, network])).toEqual([
    ['ban-alice', undefined],
    ['netban-2001.db8.0.0.0.0.0.0-64', '2001:db8::/64'],
    ['netban-203.0.113.0-24', '203.0.113.0/24'],
  ])
  await unban(office, alice)
  await expect(unban(office, alice)).rejects.toMatchObject({ code: 'not_found' })
  await unban(office, { actor: root, banned: { network: '203.0.113.0/24' } })
  expect(await listBans(office, { actor: root })).toHaveLength(1)
})

test.each([
  ['an unknown account', { account: 'nobody' }, 'x', /access_account_exists/],
  ['a network of one IPv6 address', { network: '2001:db8::1/128' }, 'x', /network is written as/],
  ['no network', { network: '10.0.0.0/8; DROP' }, 'x', /network is written as/],
  ['a reason of two lines', { account: 'alice' }, 'a\nb', /reason must be a text/],
  ['no reason', { account: 'alice' }, '', /access reason is one short line/],
] as const)('ban() refuses %s', async (...[, banned, reason, words]) => {
  await using office = await openOffice()
  await expect(ban(office, { actor: root, banned, reason })).rejects.toMatchObject({
    code: 'not_valid',
    message: expect.stringMatching(words),
  })
})

test('a ban of an account with the longest name there can be has an id of its own', async () => {
  await using office = await openOffice()
  const id = `a${'b'.repeat(63)}`
  await office.database.pool.query("INSERT INTO tollgate.account (id, project, plan) VALUES ($1, 'vision', 'free')", [
    id,
  ])
  const { new: made } = await ban(office, { actor: root, banned: { account: id }, reason: 'x' })
  expect(made).toMatchObject({ account: id, id: expect.stringMatching(/^ban-[0-9a-f]{40}$/) })
})
