import { expect, test } from 'vitest'
import { endGrant } from '../../../src/manage/end-grant.ts'
import { giveGrant } from '../../../src/manage/give-grant.ts'
import { listGrants } from '../../../src/manage/list-grants.ts'
import { takeBridge } from '../../../src/manage/take-bridge.ts'
import {
  abe,
  ada,
  alice,
  amy,
  bob,
  hourMs,
  lea,
  openRequestOffice,
  operator,
  sam,
} from '../../support/request-office.ts'

const gift = (more: object = {}) => {
  const usual = { actor: ada, limitName: 'daily', for: { kind: 'account', id: 'alice' } as const, amount: '50' }
  return { ...usual, untilMs: Date.now() + hourMs, ...more }
}

test('giveGrant() raises from now on, in the name of who gives, for an account, a project or a department', async () => {
  await using office = await openRequestOffice()
  for (const one of [
    gift({ note: 'release day' }),
    gift({ for: { kind: 'project', id: 'vision' } }),
    gift({ for: { kind: 'department', id: 'research' }, amount: '4503599627370.496' }),
  ]) {
    await giveGrant(office.tools, one)
  }
  const { rows } = await listGrants(office.tools, { actor: alice, countMax: 10 })
  expect(rows.map((row) => [row.for.kind, row.amount, row.state]).sort()).toEqual([
    ['account', '50', 'running'],
    ['department', '4503599627370.496', 'running'],
    ['project', '50', 'running'],
  ])
  expect(new Set((await office.audit('grant')).map(({ by }) => by))).toEqual(new Set(['ada']))
})

test.each([
  ['a member', { actor: alice }, 'forbidden'],
  ['a lead', { actor: lea }, 'forbidden'],
  ['an administrator to themselves', { for: { kind: 'account', id: 'ada' } }, 'forbidden'],
  ['an unknown account', { for: { kind: 'account', id: 'nobody' } }, 'not_found'],
  ['what is no id', { for: { kind: 'account', id: "'; --" } }, 'not_found'],
  ['an unknown limit', { limitName: 'nightly' }, 'not_found'],
  ['a limit of other people', { limitName: 'calls', for: { kind: 'account', id: 'bob' } }, 'not_found'],
  ['nothing', { amount: '0' }, 'not_valid'],
  ['half a request', { limitName: 'calls', amount: '0.5' }, 'not_valid'],
  ['a time that is over', { untilMs: 0 }, 'not_valid'],
  ['two lines of note', { note: 'a\nb' }, 'not_valid'],
] as const)('giveGrant() refuses %s and writes nothing', async (...[_, more, code]) => {
  await using office = await openRequestOffice()
  await expect(giveGrant(office.tools, gift(more))).rejects.toMatchObject({ code })
  expect(await office.database.rows('SELECT FROM tollgate.grant')).toEqual([])
})

test('endGrant() ends now, keeps the row, is audited, and changes nothing the second time', async () => {
  await using office = await openRequestOffice()
  const { id } = await giveGrant(office.tools, gift())
  for (const actor of [alice, lea]) {
    await expect(endGrant(office.tools, { actor, id })).rejects.toMatchObject({ code: 'forbidden' })
  }
  const ended = await endGrant(office.tools, { actor: abe, id })
  expect(ended).toMatchObject({ id, state: 'ended', amount: '50' })
  expect(await endGrant(office.tools, { actor: operator, id })).toEqual(ended)
  expect((await office.audit('grant')).map(({ by }) => by)).toEqual(['ada', 'abe'])
  await expect(endGrant(office.tools, { actor: operator, id: 'grant-none' })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('endGrant() ends what is still to come as it begins', async () => {
  await using office = await openRequestOffice()
  await office.database.pool.query(
    `INSERT INTO tollgate.grant (id, limit_name, account, amount, starts_at, ends_at)
     VALUES ('soon', 'daily', 'alice', 5, now() + interval '1 hour', now() + interval '2 hours')`,
  )
  const ended = await endGrant(office.tools, { actor: operator, id: 'soon' })
  expect(ended.endsAtMs - ended.startsAtMs).toBe(1)
})

test('listGrants() shows a member what raises their limits, a lead also those of the project, an administrator all', async () => {
  await using office = await openRequestOffice()
  for (const id of ['alice', 'amy', 'bob'])
    await giveGrant(office.tools, gift({ for: { kind: 'account', id }, note: id }))
  await giveGrant(office.tools, gift({ for: { kind: 'project', id: 'vision' }, note: 'vision' }))
  await giveGrant(office.tools, gift({ actor: operator, for: { kind: 'department', id: 'sales' }, note: 'sales' }))
  const seenBy = async (wanted: Partial<Parameters<typeof listGrants>[1]>) =>
    (await listGrants(office.tools, { actor: operator, countMax: 100, ...wanted })).rows.map(({ note }) => note).sort()
  expect(await seenBy({ actor: alice })).toEqual(['alice', 'vision'])
  expect(await seenBy({ actor: bob })).toEqual(['bob'])
  expect(await seenBy({ actor: lea })).toEqual(['alice', 'amy', 'vision'])
  expect(await seenBy({ actor: sam })).toEqual(['bob'])
  expect(await seenBy({ actor: amy, account: 'alice' })).toEqual(['vision'])
  expect(await seenBy({ actor: ada })).toEqual(['alice', 'amy', 'bob', 'sales', 'vision'])
  expect(await seenBy({ project: 'vision' })).toEqual(['alice', 'amy', 'vision'])
  expect(await seenBy({ state: 'ended' })).toEqual([])

  const first = await listGrants(office.tools, { actor: operator, countMax: 3 })
  const second = await listGrants(office.tools, { actor: operator, countMax: 3, after: first.next })
  expect(first.rows.length).toBe(3)
  expect(second).toMatchObject({ rows: [{ note: 'amy' }, { note: 'alice' }] })
  expect(second).not.toHaveProperty('next')
})

test('takeBridge() gives the percentage of the plan once per window, until the window ends', async () => {
  await using office = await openRequestOffice()
  const taken = await takeBridge(office.tools, { actor: alice, account: 'alice', limitName: 'daily' })
  expect(taken).toMatchObject({
    id: expect.stringMatching(/^bridge-/),
    amount: '50',
    limitName: 'daily',
    note: 'bridge',
  })
  // Alice's days end in Shanghai.
  const end = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', timeStyle: 'short' }).format(taken.endsAtMs)
  expect(end).toBe('00:00')
  expect(taken.endsAtMs - Date.now()).toBeLessThanOrEqual(24 * hourMs)
  const again = takeBridge(office.tools, { actor: alice, account: 'alice', limitName: 'daily' })
  await expect(again).rejects.toMatchObject({
    code: 'conflict',
    message: `The bridge of daily is taken in this window already; the next one from ${new Date(taken.endsAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC on`,
  })
  await endGrant(office.tools, { actor: operator, id: taken.id })
  await expect(takeBridge(office.tools, { actor: ada, account: 'alice', limitName: 'daily' })).rejects.toMatchObject({
    code: 'conflict',
  })
  await takeBridge(
    { ...office.tools, nowMs: () => taken.endsAtMs },
    { actor: alice, account: 'alice', limitName: 'daily' },
  )
  await takeBridge(office.tools, { actor: amy, account: 'amy', limitName: 'daily' })
})

test.each([
  ['is renamed', `UPDATE tollgate.limit_rule SET name = 'each-day' WHERE name = 'daily'`, 'each-day'],
  ['is renamed in this row alone', `UPDATE tollgate.limit_rule SET name = 'each-day' WHERE id = 'daily'`, 'each-day'],
  [
    'comes from another row by now',
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", applies_to_account)
     VALUES ('daily-alice', 'daily', 'quota', 'credits', 2000, 'day', 'alice')`,
    'daily',
  ],
] as const)('takeBridge() gives no second one in a window of a limit that %s', async (_, change, limitName) => {
  await using office = await openRequestOffice()
  await takeBridge(office.tools, { actor: alice, account: 'alice', limitName: 'daily' })
  await office.database.rows(change)
  await expect(takeBridge(office.tools, { actor: alice, account: 'alice', limitName })).rejects.toMatchObject({
    code: 'conflict',
    message: new RegExp(`The bridge of ${limitName} is taken in this window already`),
  })
})

test('takeBridge() gives one of a limit that took over the name of another one', async () => {
  await using office = await openRequestOffice()
  await takeBridge(office.tools, { actor: alice, account: 'alice', limitName: 'daily' })
  await office.database.rows(`UPDATE tollgate.limit_rule SET name = 'each-day' WHERE name = 'daily';
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('bytes', 'daily', 'quota', 'bytes', 1000, 'day')`)
  const taken = await takeBridge(office.tools, { actor: alice, account: 'alice', limitName: 'daily' })
  expect(taken).toMatchObject({ limitName: 'daily', amount: '50' })
})

test('takeBridge() gives one of many that come at once', async () => {
  await using office = await openRequestOffice()
  const tries = Array.from({ length: 6 }, () =>
    takeBridge(office.tools, { actor: alice, account: 'alice', limitName: 'daily' }),
  )
  const results = await Promise.allSettled(tries)
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  expect(await office.database.rows('SELECT FROM tollgate.grant')).toHaveLength(1)
})

test.each([
  ['in another name', { actor: amy }, 'forbidden', /may not take the bridge/],
  ['in the name of a member as a lead', { actor: lea }, 'forbidden', /may not take the bridge/],
  ['without one in the plan', { actor: bob, account: 'bob' }, 'not_valid', /plan bare has no bridge/],
  ['of a rate', { limitName: 'pace' }, 'not_valid', /quotas that an account has alone/],
  ['of what is shared', { limitName: 'month' }, 'not_valid', /quotas that an account has alone/],
  ['that would be nothing', { limitName: 'calls' }, 'not_valid', /5 % of 10 is nothing/],
  ['of an unknown limit', { limitName: 'nightly' }, 'not_found', /no limit/],
  ['for an unknown account', { actor: operator, account: 'nobody' }, 'not_found', /no account/],
] as const)('takeBridge() refuses one %s', async (...[_, more, code, says]) => {
  await using office = await openRequestOffice()
  const wanted = { actor: alice, account: 'alice', limitName: 'daily', ...more }
  await expect(takeBridge(office.tools, wanted)).rejects.toMatchObject({ code, message: says })
})
