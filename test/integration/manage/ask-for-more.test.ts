import { expect, test } from 'vitest'
import { listRequests } from '../../../src/manage/list-requests.ts'
import { readRequest } from '../../../src/manage/read-request.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import { withdrawRequest } from '../../../src/manage/withdraw-request.ts'
import {
  ada,
  alice,
  amy,
  bob,
  hourMs,
  lea,
  openRequestOffice,
  operator,
  sam,
  wish,
} from '../../support/request-office.ts'

const dayMs = 86_400_000

test('requestMore() keeps what is asked, in the audit under who asked, and tells the project', async () => {
  await using office = await openRequestOffice()
  const asked = await requestMore(office.tools, wish({ amount: '0500.50' }))
  expect(asked).toMatchObject({
    id: expect.stringMatching(/^ask-[0-9a-f]{12}$/),
    askedBy: 'alice',
    for: { kind: 'account', id: 'alice' },
    limitName: 'daily',
    amount: '500.5',
    state: 'open',
    reason: 'A release today',
    decisionNote: '',
  })
  expect(asked).not.toHaveProperty('decidedAtMs')
  expect(await readRequest(office.tools, { actor: alice, id: asked.id })).toEqual(asked)
  expect(await office.audit('quota_request')).toMatchObject([{ by: 'alice', key: asked.id, old: null }])
  const [event, ...others] = await office.events('request_asked')
  expect(others).toEqual([])
  expect(event).toMatchObject({
    account: 'alice',
    project: 'vision',
    department: 'research',
    reset_at: new Date(asked.endsAtMs),
    data: {
      request: asked.id,
      askedBy: 'alice',
      limitName: 'daily',
      counts: 'credits',
      amount: '500.5',
      forKind: 'account',
      forId: 'alice',
      reason: 'A release today',
      timeZone: 'Asia/Shanghai',
    },
  })
})

test.each([
  ['an amount of nothing', { amount: '0' }, 'not_valid', /above 0/],
  ['an amount below nothing', { amount: '-5' }, 'not_valid', /above 0/],
  ['a fourth decimal', { amount: '1.0001' }, 'not_valid', /three decimals/],
  ['half a request', { limitName: 'calls', amount: '1.5' }, 'not_valid', /whole/],
  ['an amount beyond exact integers', { amount: '4503599627370.497' }, 'not_valid', /at most 4503599627370\.496/],
  ['an amount in powers', { amount: '1e3' }, 'not_valid', /number of credits/],
  ['an amount in SQL', { amount: "1'); --" }, 'not_valid', /number of credits/],
  ['a past time', { untilMs: Date.now() - 1 }, 'not_valid', /in the future/],
  ['a time too far', { untilMs: Date.now() + 401 * dayMs }, 'not_valid', /400 days/],
  ['no time', { untilMs: Number.NaN }, 'not_valid', /in the future/],
  ['for ever', { untilMs: Number.POSITIVE_INFINITY }, 'not_valid', /400 days/],
  ['a reason of 501 characters', { reason: 'x'.repeat(501) }, 'not_valid', /at most 500/],
  ['a reason of 10 KB', { reason: '字'.repeat(10_000) }, 'not_valid', /at most 500/],
  ['a NUL', { reason: 'a\u0000b' }, 'not_valid', /control/],
  ['two lines', { reason: 'a\nb' }, 'not_valid', /control/],
  ['half a character', { reason: '\ud83d' }, 'not_valid', /control/],
  ['text that turns round', { reason: 'a\u202eb' }, 'not_valid', /control/],
  ['an unknown limit', { limitName: 'nightly' }, 'not_found', /no limit nightly/],
  ['a limit that is no id', { limitName: 'a\u0000' }, 'not_found', /no limit/],
  ['a limit of another plan', { askedBy: 'bob', actor: bob, limitName: 'calls' }, 'not_found', /no limit calls/],
  ['a limit of another project', { askedBy: 'sam', actor: sam, limitName: 'month' }, 'not_found', /no limit month/],
  ['another name', { askedBy: 'amy' }, 'forbidden', /in the name of/],
  ['another name as an administrator', { actor: ada }, 'forbidden', /in the name of/],
  ['an unknown account', { actor: operator, askedBy: 'nobody' }, 'not_found', /no account nobody/],
  ['for a colleague', { for: { kind: 'account', id: 'amy' } }, 'not_found', /amy that alice may ask for/],
  ['for nobody', { for: { kind: 'account', id: 'nobody' } }, 'not_found', /nobody that alice may ask for/],
  ['for the project as a member', { for: { kind: 'project', id: 'vision' } }, 'not_found', /vision that alice/],
  [
    'for another project as a lead',
    { actor: lea, askedBy: 'lea', for: { kind: 'project', id: 'speech' } },
    'not_found',
    /speech that lea/,
  ],
  [
    'for the department as a lead',
    { actor: lea, askedBy: 'lea', for: { kind: 'department', id: 'research' } },
    'not_found',
    /research that lea/,
  ],
] as const)('requestMore() refuses %s and keeps nothing', async (...[_, more, code, says]) => {
  await using office = await openRequestOffice()
  await expect(requestMore(office.tools, wish(more))).rejects.toMatchObject({ code, message: says })
  expect(await office.database.rows('SELECT FROM tollgate.quota_request')).toEqual([])
  expect(await office.events('request_asked')).toEqual([])
})

test('requestMore() takes the largest amount, and text in a reason as it is', async () => {
  await using office = await openRequestOffice()
  const reason = `<script>alert(1)</script> {{7*7}} \${x} '; DROP TABLE tollgate.grant; -- =1+1 %s 字😀`
  const asked = await requestMore(office.tools, wish({ amount: '4503599627370.496', reason }))
  expect(asked).toMatchObject({ amount: '4503599627370.496', reason })
  expect((await office.events('request_asked'))[0]?.['data']).toMatchObject({ reason, amount: '4503599627370.496' })
})

test('requestMore() lets a lead ask for the project and its accounts, an administrator for a department, the operator as anybody', async () => {
  await using office = await openRequestOffice()
  const asks = [
    wish({ actor: lea, askedBy: 'lea', limitName: 'month', for: { kind: 'project', id: 'vision' } as const }),
    wish({ actor: lea, askedBy: 'lea', for: { kind: 'account', id: 'alice' } as const }),
    wish({ actor: ada, askedBy: 'ada', for: { kind: 'department', id: 'research' } as const }),
    wish({ actor: operator, askedBy: 'bob' }),
  ]
  const asked = await Promise.all(asks.map((one) => requestMore(office.tools, one)))
  expect(asked.map((one) => `${one.askedBy} for ${one.for.kind} ${one.for.id}`)).toEqual([
    'lea for project vision',
    'lea for account alice',
    'ada for department research',
    'bob for account bob',
  ])
  expect(await office.events('request_asked')).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ project: null, department: 'research' })]),
  )
})

test('requestMore() keeps ten open ones of an account at most, also of those that come at once', async () => {
  await using office = await openRequestOffice()
  const results = await Promise.allSettled(Array.from({ length: 16 }, () => requestMore(office.tools, wish({}))))
  const refusals = results.filter((one) => one.status === 'rejected').map(({ reason }) => reason)
  expect(refusals.length).toBe(6)
  expect(refusals[0]).toMatchObject({ code: 'conflict', message: /10 open requests/ })
  const [open] = await office.database.rows('SELECT count(*)::int AS count FROM tollgate.quota_request')
  expect(open).toEqual({ count: 10 })
  const { rows } = await listRequests(office.tools, { actor: alice, countMax: 1 })
  await withdrawRequest(office.tools, { actor: alice, id: rows[0]?.id ?? '' })
  await requestMore(office.tools, wish({}))
})

test('requestMore() takes fifty a day at most, for each is told to people', async () => {
  await using office = await openRequestOffice()
  const ask = () => requestMore(office.tools, wish({}))
  for (let asked = 0; asked < 50; asked += 1) {
    await withdrawRequest(office.tools, { actor: alice, id: (await ask()).id })
  }
  await expect(ask()).rejects.toMatchObject({ code: 'conflict', message: /50 times within a day/ })
  await requestMore(office.tools, wish({ actor: amy, askedBy: 'amy' }))
  // What is decided stays as it is, its time too.
  await office.database.pool.query('ALTER TABLE tollgate.quota_request DISABLE TRIGGER request_is_decided_once')
  await office.database.pool.query(
    `UPDATE tollgate.quota_request SET asked_at = asked_at - interval '1 day' WHERE id = (SELECT min(id) FROM tollgate.quota_request WHERE asked_by = 'alice')`,
  )
  await ask()
})

test('requestMore() says no to a disabled account', async () => {
  await using office = await openRequestOffice()
  await office.database.pool.query(`UPDATE tollgate.account SET disabled = true WHERE id = 'alice'`)
  await expect(requestMore(office.tools, wish({}))).rejects.toMatchObject({ code: 'forbidden' })
})

test('requestMore() judges by the row of the account, not by what the caller was', async () => {
  await using office = await openRequestOffice()
  await office.database.pool.query(`UPDATE tollgate.account SET role = 'member' WHERE id = 'lea'`)
  const forAlice = wish({ actor: lea, askedBy: 'lea', for: { kind: 'account', id: 'alice' } as const })
  await expect(requestMore(office.tools, forAlice)).rejects.toMatchObject({ code: 'not_found' })
})

test('listRequests() shows a member their own, a lead those of the project, an administrator all, page by page', async () => {
  await using office = await openRequestOffice()
  const asks = [
    wish({}),
    wish({ actor: amy, askedBy: 'amy' }),
    wish({ actor: bob, askedBy: 'bob' }),
    wish({ actor: lea, askedBy: 'lea', for: { kind: 'account', id: 'alice' } as const }),
  ]
  for (const one of asks) await requestMore(office.tools, one)
  const seenBy = async (wanted: Partial<Parameters<typeof listRequests>[1]>) =>
    (await listRequests(office.tools, { actor: operator, countMax: 100, ...wanted })).rows.map(
      (row) => `${row.askedBy} for ${row.for.id}`,
    )
  expect(await seenBy({ actor: alice })).toEqual(['lea for alice', 'alice for alice'])
  expect(await seenBy({ actor: bob })).toEqual(['bob for bob'])
  expect(await seenBy({ actor: lea })).toEqual(['lea for alice', 'amy for amy', 'alice for alice'])
  expect(await seenBy({ actor: sam })).toEqual(['bob for bob'])
  expect(await seenBy({ actor: sam, project: 'vision' })).toEqual([])
  expect(await seenBy({ actor: sam, account: 'alice' })).toEqual([])
  expect(await seenBy({ actor: ada, project: 'speech' })).toEqual(['bob for bob'])
  expect(await seenBy({ account: 'amy' })).toEqual(['amy for amy'])
  expect(await seenBy({ state: 'approved' })).toEqual([])

  const paged: string[] = []
  let after: string | undefined
  do {
    const page = await listRequests(office.tools, { actor: operator, countMax: 3, after })
    paged.push(...page.rows.map(({ id }) => id))
    after = page.next
  } while (after !== undefined)
  expect(paged.length).toBe(4)
  expect(new Set(paged).size).toBe(4)
  for (const wanted of [
    { after: 'ask-gone' },
    { after: "'; --" },
    { countMax: 0 },
    { countMax: 1e9 },
    { account: '%' },
  ]) {
    await expect(listRequests(office.tools, { actor: operator, countMax: 9, ...wanted })).rejects.toMatchObject({
      code: 'not_valid',
    })
  }
})

test('readRequest() and withdrawRequest() know nothing of what is not for the caller to see', async () => {
  await using office = await openRequestOffice()
  const { id } = await requestMore(office.tools, wish({}))
  for (const actor of [amy, bob, sam]) {
    await expect(readRequest(office.tools, { actor, id })).rejects.toMatchObject({ code: 'not_found' })
    await expect(withdrawRequest(office.tools, { actor, id })).rejects.toMatchObject({ code: 'not_found' })
  }
  await expect(readRequest(office.tools, { actor: operator, id: "'\u0000" })).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(withdrawRequest(office.tools, { actor: lea, id })).rejects.toMatchObject({ code: 'forbidden' })
  expect(await withdrawRequest(office.tools, { actor: alice, id })).toMatchObject({ state: 'withdrawn' })
  await expect(withdrawRequest(office.tools, { actor: alice, id })).rejects.toMatchObject({ code: 'conflict' })
  expect(await office.events('request_decided')).toEqual([])
})

test('an open request follows its limit when it is renamed', async () => {
  await using office = await openRequestOffice()
  const { id } = await requestMore(
    office.tools,
    wish({ limitName: 'calls', amount: '5', untilMs: Date.now() + hourMs }),
  )
  await office.database.pool.query(`UPDATE tollgate.limit_rule SET name = 'requests' WHERE id = 'calls'`)
  expect(await readRequest(office.tools, { actor: alice, id })).toMatchObject({ limitName: 'requests' })
})
