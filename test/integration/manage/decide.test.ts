import { expect, test } from 'vitest'
import { decideRequest } from '../../../src/manage/decide-request.ts'
import { listGrants } from '../../../src/manage/list-grants.ts'
import { readRequest } from '../../../src/manage/read-request.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import {
  abe,
  ada,
  alice,
  amy,
  bob,
  hourMs,
  lea,
  leo,
  openRequestOffice,
  operator,
  type RequestOffice,
  sam,
  wish,
} from '../../support/request-office.ts'

const approve = (id: string, actor: Actor) => ({ actor, id, decision: 'approve' }) as const
const ask = async (office: RequestOffice, more: object = {}) => (await requestMore(office.tools, wish(more))).id

test('decideRequest() approves in one transaction: row, grant, event and audit say the same', async () => {
  await using office = await openRequestOffice()
  const asked = await requestMore(office.tools, wish({}))
  const decided = await decideRequest(office.tools, { ...approve(asked.id, lea), note: 'Good luck' })
  expect(decided).toEqual({
    ...asked,
    state: 'approved',
    decidedBy: 'lea',
    decidedAtMs: expect.any(Number),
    decisionNote: 'Good luck',
    grantId: asked.id,
    granted: { amount: '500', endsAtMs: asked.endsAtMs },
  })
  const { rows } = await listGrants(office.tools, { actor: alice, countMax: 10 })
  expect(rows).toEqual([
    {
      id: asked.id,
      kind: 'raise',
      counts: 'credits',
      limitName: 'daily',
      for: { kind: 'account', id: 'alice' },
      amount: '500',
      spent: '0',
      startsAtMs: decided.decidedAtMs,
      endsAtMs: asked.endsAtMs,
      state: 'running',
      note: 'request of alice',
    },
  ])
  const [event, ...others] = await office.events('request_decided')
  expect(others).toEqual([])
  expect(event).toMatchObject({
    account: 'alice',
    project: 'vision',
    department: 'research',
    data: { state: 'approved', decidedBy: 'lea', note: 'Good luck', amount: '500', counts: 'credits' },
  })
  expect((await office.audit('grant')).map(({ by, key }) => [by, key])).toEqual([['lea', asked.id]])
  expect((await office.audit('quota_request')).map(({ by }) => by)).toEqual(['alice', 'lea'])
  const commits = await office.database.rows(
    `SELECT DISTINCT commit FROM tollgate.policy_change WHERE by = 'lea' AND table_name IN ('grant', 'quota_request')`,
  )
  expect(commits.length).toBe(1)
})

test('decideRequest() approves less and shorter, and says what was granted', async () => {
  await using office = await openRequestOffice()
  const asked = await requestMore(office.tools, wish({}))
  const untilMs = Date.now() + hourMs / 2
  await decideRequest(office.tools, { ...approve(asked.id, lea), amount: '0.125', untilMs })
  const { rows } = await listGrants(office.tools, { actor: operator, countMax: 10 })
  expect(rows).toMatchObject([{ amount: '0.125', endsAtMs: untilMs }])
  expect(await office.events('request_decided')).toMatchObject([
    { data: { amount: '0.125' }, reset_at: new Date(untilMs) },
  ])
  expect(await readRequest(office.tools, { actor: alice, id: asked.id })).toMatchObject({
    amount: '500',
    granted: { amount: '0.125', endsAtMs: untilMs },
  })
})

test('decideRequest() declines with a note and grants nothing', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  const note = '<b>No</b> {{budget}}'
  expect(await decideRequest(office.tools, { actor: lea, id, decision: 'decline', note })).toMatchObject({
    state: 'declined',
    decidedBy: 'lea',
    decisionNote: note,
  })
  expect(await listGrants(office.tools, { actor: operator, countMax: 10 })).toEqual({ rows: [] })
  expect(await office.events('request_decided')).toMatchObject([{ data: { state: 'declined', note } }])
  await expect(decideRequest(office.tools, approve(id, lea))).rejects.toMatchObject({ code: 'conflict' })
})

test('decideRequest() knows no request of other projects, and lets members decide nothing', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  for (const actor of [sam, bob, amy]) {
    await expect(decideRequest(office.tools, approve(id, actor))).rejects.toMatchObject({ code: 'not_found' })
  }
  await expect(decideRequest(office.tools, approve(id, alice))).rejects.toMatchObject({
    code: 'forbidden',
    message: 'Nobody decides their own request',
  })
  await expect(decideRequest(office.tools, approve('ask-none', operator))).rejects.toMatchObject({ code: 'not_found' })
})

test('nobody decides their own: not the asker, not whom it is for, a lead or an administrator either, nor by SQL', async () => {
  await using office = await openRequestOffice()
  const byLea = await ask(office, { actor: lea, askedBy: 'lea' })
  const byLeaForLeo = await ask(office, { actor: lea, askedBy: 'lea', for: { kind: 'account', id: 'leo' } })
  const byAda = await ask(office, { actor: ada, askedBy: 'ada' })
  const byAdaForProject = await ask(office, { actor: ada, askedBy: 'ada', for: { kind: 'project', id: 'vision' } })
  for (const [id, actor] of [
    [byLea, lea],
    [byLeaForLeo, lea],
    [byLeaForLeo, leo],
    [byAda, ada],
    [byAdaForProject, ada],
  ] as const) {
    await expect(decideRequest(office.tools, approve(id, actor))).rejects.toMatchObject({ code: 'forbidden' })
  }
  for (const [id, by] of [
    [byLea, 'lea'],
    [byLeaForLeo, 'leo'],
  ]) {
    const sql = `UPDATE tollgate.quota_request SET state = 'declined', decided_at = now(), decided_by = $2 WHERE id = $1`
    await expect(office.database.rows(sql, [id, by])).rejects.toMatchObject({
      constraint: 'nobody_decides_their_own_request',
    })
  }
  await decideRequest(office.tools, approve(byLea, leo))
  await decideRequest(office.tools, approve(byAda, abe))
})

test('a lead decides nothing that several share, an administrator and the operator do', async () => {
  await using office = await openRequestOffice()
  const forProject = await ask(office, { actor: lea, askedBy: 'lea', for: { kind: 'project', id: 'vision' } })
  const ofShared = await ask(office, { limitName: 'month' })
  for (const id of [forProject, ofShared]) {
    await expect(decideRequest(office.tools, approve(id, leo))).rejects.toMatchObject({
      code: 'forbidden',
      message: /administrator/,
    })
  }
  await decideRequest(office.tools, approve(forProject, ada))
  expect(await decideRequest(office.tools, approve(ofShared, operator))).not.toHaveProperty('decidedBy')
})

test.each([
  ['more than is asked', { amount: '500.001' }, 'not_valid', /500 or less/],
  ['no amount at all', { amount: '0' }, 'not_valid', /above 0/],
  ['a time in the past', { untilMs: Date.now() - 1 }, 'not_valid', /in the future/],
  ['a time beyond what is asked', { untilMs: Date.now() + 2 * hourMs }, 'not_valid', /shorter/],
  ['a note of control characters', { note: '\u0007' }, 'not_valid', /control/],
] as const)('decideRequest() refuses %s and leaves the request open', async (...[_, more, code, says]) => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  const decision = { ...approve(id, ada), ...more }
  await expect(decideRequest(office.tools, decision)).rejects.toMatchObject({ code, message: says })
  expect(await readRequest(office.tools, { actor: alice, id })).toMatchObject({ state: 'open' })
  expect(await office.database.rows('SELECT FROM tollgate.grant')).toEqual([])
})

test('a lead approves at most what is left of the project, an administrator more', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  office.remaining = 499_999
  await expect(decideRequest(office.tools, approve(id, lea))).rejects.toMatchObject({
    code: 'forbidden',
    message: /499\.999 credits at most/,
  })
  office.remaining = 0
  await expect(decideRequest(office.tools, approve(id, lea))).rejects.toMatchObject({ message: /nothing more/ })
  office.remaining = 'away'
  await expect(decideRequest(office.tools, approve(id, lea))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: /a lead cannot approve/,
  })
  await decideRequest(office.tools, approve(id, ada))
  const declined = await ask(office)
  await decideRequest(office.tools, { actor: lea, id: declined, decision: 'decline' })
  office.remaining = undefined
  await decideRequest(office.tools, approve(await ask(office, { amount: '4503599627370.496' }), lea))
})

test('a moved account is for the lead of where it is now', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  await office.database.pool.query(`UPDATE tollgate.account SET project = 'speech' WHERE id = 'alice'`)
  await expect(decideRequest(office.tools, approve(id, lea))).rejects.toMatchObject({ code: 'not_found' })
  await decideRequest(office.tools, approve(id, sam))
})

test('a decider who was disabled, moved or made a member after they came in decides nothing', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  for (const change of [
    `disabled = true`,
    `disabled = false, project = 'speech'`,
    `project = 'vision', role = 'member'`,
  ]) {
    await office.database.pool.query(`UPDATE tollgate.account SET ${change} WHERE id = 'lea'`)
    await expect(decideRequest(office.tools, approve(id, lea))).rejects.toMatchObject({ code: 'forbidden' })
  }
  await office.database.pool.query(`UPDATE tollgate.account SET role = 'lead' WHERE id = 'ada'`)
  await expect(decideRequest(office.tools, approve(id, ada))).rejects.toMatchObject({ code: 'forbidden' })
  await office.database.pool.query(`DELETE FROM tollgate.account WHERE id = 'abe'`)
  await expect(decideRequest(office.tools, approve(id, abe))).rejects.toMatchObject({ code: 'forbidden' })
})

test('an approval grants the limit under its new name, and nothing of a limit that is gone', async () => {
  await using office = await openRequestOffice()
  const renamed = await ask(office, { limitName: 'calls', amount: '5' })
  const gone = await ask(office, { limitName: 'pace', amount: '5' })
  await office.database.pool.query(`UPDATE tollgate.limit_rule SET name = 'requests' WHERE id = 'calls'`)
  await office.database.pool.query(`DELETE FROM tollgate.limit_rule WHERE id = 'pace'`)
  await decideRequest(office.tools, approve(renamed, ada))
  const { rows } = await listGrants(office.tools, { actor: operator, countMax: 10 })
  expect(rows).toMatchObject([{ limitName: 'requests', amount: '5' }])
  await expect(decideRequest(office.tools, approve(gone, ada))).rejects.toMatchObject({ code: 'conflict' })
  await decideRequest(office.tools, { actor: ada, id: gone, decision: 'decline' })
})

test('a request whose time is over is not approved', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  const sql = `UPDATE tollgate.quota_request SET asked_at = now() - interval '2 days', ends_at = now() - interval '1 day' WHERE id = $1`
  await office.database.rows(sql, [id])
  await expect(decideRequest(office.tools, approve(id, ada))).rejects.toMatchObject({
    code: 'conflict',
    message: /is over/,
  })
})

test('SQL alone approves and declines, once, and grants no more than is asked', async () => {
  await using office = await openRequestOffice()
  const [first, second] = [await ask(office), await ask(office)]
  await expect(office.database.rows('SELECT tollgate.approve_request($1, less => 501)', [first])).rejects.toMatchObject(
    { constraint: 'quota_request_is_approved_as_asked_or_less' },
  )
  await office.database.rows('SELECT tollgate.approve_request($1, less => 200)', [first])
  await office.database.rows(`SELECT tollgate.decline_request($1, 'wait for Monday')`, [second])
  const { rows } = await listGrants(office.tools, { actor: alice, countMax: 10 })
  expect(rows).toMatchObject([{ id: first, amount: '200', state: 'running' }])
  expect(await readRequest(office.tools, { actor: alice, id: second })).toMatchObject({
    state: 'declined',
    decisionNote: 'wait for Monday',
  })
  for (const again of [`tollgate.approve_request('${first}')`, `tollgate.decline_request('${second}')`]) {
    await expect(office.database.rows(`SELECT ${again}`)).rejects.toMatchObject({
      constraint: 'quota_request_is_decided_once',
    })
  }
  await expect(office.database.rows(`SELECT tollgate.approve_request('ask-none')`)).rejects.toThrow(/no request/)
  const reopen = `UPDATE tollgate.quota_request SET state = 'open', decided_at = NULL, grant_id = NULL WHERE id = $1`
  await expect(office.database.rows(reopen, [first])).rejects.toMatchObject({
    constraint: 'quota_request_is_decided_once',
  })
})
