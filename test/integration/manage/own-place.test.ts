import { expect, test } from 'vitest'
import { decideRequest } from '../../../src/manage/decide-request.ts'
import { giveGrant } from '../../../src/manage/give-grant.ts'
import { makeDecisionLink } from '../../../src/manage/make-decision-link.ts'
import { openDecisionLink } from '../../../src/manage/open-decision-link.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import {
  ada,
  hourMs,
  lea,
  openRequestOffice,
  operator,
  type RequestOffice,
  wish,
} from '../../support/request-office.ts'

// Ada and abe are administrators in the project crm of the department sales.
const crm = { kind: 'project', id: 'crm' } as const
const sales = { kind: 'department', id: 'sales' } as const
const vision = { kind: 'project', id: 'vision' } as const

const ask = async (office: RequestOffice, beneficiary: typeof crm | typeof sales | typeof vision) =>
  (await requestMore(office.tools, wish({ actor: operator, askedBy: 'lea', for: beneficiary }))).id

test.each([
  ['project', crm],
  ['department', sales],
] as const)('an administrator gives no grant to their own %s', async (kind, beneficiary) => {
  await using office = await openRequestOffice()
  const gift = { limitName: 'daily', for: beneficiary, amount: '50', untilMs: Date.now() + hourMs }
  await expect(giveGrant(office.tools, { ...gift, actor: ada })).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining(`their own ${kind}`),
  })
  expect(await office.database.rows('SELECT FROM tollgate.grant')).toEqual([])
  await giveGrant(office.tools, { ...gift, for: vision, actor: ada })
  await giveGrant(office.tools, { ...gift, actor: operator })
})

test.each([
  ['project', crm],
  ['department', sales],
] as const)('an administrator decides no request for their own %s, by link neither', async (kind, beneficiary) => {
  await using office = await openRequestOffice()
  const id = await ask(office, beneficiary)
  for (const decision of ['approve', 'decline'] as const) {
    await expect(decideRequest(office.tools, { actor: ada, id, decision })).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining(`their own ${kind}`),
    })
  }
  expect(await makeDecisionLink(office.tools, { request: id, decider: 'ada' })).toBeUndefined()
  expect(await office.database.rows('SELECT state FROM tollgate.quota_request')).toEqual([{ state: 'open' }])
  await decideRequest(office.tools, { actor: operator, id, decision: 'approve' })
})

test('an administrator who has moved there meanwhile does not decide, nor does a link made before', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office, vision)
  const { secret } = (await makeDecisionLink(office.tools, { request: id, decider: 'ada' })) ?? { secret: '' }
  await openDecisionLink(office.tools, { secret })
  await office.database.pool.query(`UPDATE tollgate.account SET project = 'vision' WHERE id = 'ada'`)
  const decide = (actor: Actor) => decideRequest(office.tools, { actor, id, decision: 'approve' })
  await expect(decide(ada)).rejects.toMatchObject({ code: 'forbidden' })
  await expect(openDecisionLink(office.tools, { secret })).rejects.toMatchObject({ code: 'not_found' })
  // What several share is no lead's to give, whoever's it is.
  await expect(decide(lea)).rejects.toMatchObject({ code: 'forbidden' })
})
