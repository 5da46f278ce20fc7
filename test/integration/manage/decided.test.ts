import { expect, test } from 'vitest'
import { decideRequest } from '../../../src/manage/decide-request.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import { lea, openRequestOffice, type RequestOffice, wish } from '../../support/request-office.ts'

const ask = async (office: RequestOffice) => (await requestMore(office.tools, wish({}))).id

test('what became of a request cannot be rewritten by SQL: not who decided, nor when, why, or what it was for', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  await decideRequest(office.tools, { actor: lea, id, decision: 'decline', note: 'wait for Monday' })
  for (const rewritten of [
    `decided_by = NULL`,
    `decided_by = 'ada'`,
    `decided_at = '2020-01-01'`,
    `decision_note = 'as you like'`,
    `reason = 'another one'`,
    `asked_by = 'amy'`,
    `account = 'amy'`,
    `account = NULL, project = 'vision'`,
    `limit_name = 'calls'`,
    `asked_at = now() - interval '1 day'`,
    `id = 'ask-another'`,
  ]) {
    const write = `UPDATE tollgate.quota_request SET ${rewritten} WHERE id = $1`
    await expect(office.database.rows(write, [id]), rewritten).rejects.toMatchObject({
      constraint: 'quota_request_is_decided_once',
    })
  }
  await office.database.rows(`UPDATE tollgate.quota_request SET decided_by = decided_by WHERE id = $1`, [id])
})

test('a request that is decided follows an account that is renamed', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  await decideRequest(office.tools, { actor: lea, id, decision: 'decline', note: 'wait for Monday' })
  await office.database.rows(`UPDATE tollgate.account SET id = 'alicia' WHERE id = 'alice'`)
  await office.database.rows(`UPDATE tollgate.department SET id = 'science' WHERE id = 'research'`)
  expect(
    await office.database.rows('SELECT asked_by, account, decided_by, decision_note FROM tollgate.quota_request'),
  ).toEqual([{ asked_by: 'alicia', account: 'alicia', decided_by: 'lea', decision_note: 'wait for Monday' }])
})
