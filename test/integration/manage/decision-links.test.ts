import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { decideByLink } from '../../../src/manage/decide-by-link.ts'
import { decideRequest } from '../../../src/manage/decide-request.ts'
import { makeDecisionLink } from '../../../src/manage/make-decision-link.ts'
import { openDecisionLink } from '../../../src/manage/open-decision-link.ts'
import { readRequest } from '../../../src/manage/read-request.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import { withdrawRequest } from '../../../src/manage/withdraw-request.ts'
import { ada, alice, openRequestOffice, operator, type RequestOffice, wish } from '../../support/request-office.ts'

const nothing = {
  code: 'not_found',
  message: 'This link does not decide anything, or no longer: each decides once, within 24 hours',
}
const approve = (secret: string) => ({ secret, decision: 'approve' }) as const

async function linked(office: RequestOffice, decider = 'lea') {
  const asked = await requestMore(office.tools, wish({}))
  const made = await makeDecisionLink(office.tools, { request: asked.id, decider })
  return { asked, secret: made?.secret ?? '', untilMs: made?.untilMs ?? 0 }
}

/** Everything that the database holds, as text. */
async function dump({ database }: RequestOffice): Promise<string> {
  const tables = await database.rows(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'tollgate' AND table_type = 'BASE TABLE'",
  )
  const all = await Promise.all(
    tables.map((row) => database.rows(`SELECT t::text FROM tollgate.${String(row['table_name'])} t`)),
  )
  return JSON.stringify(all)
}

async function expectNothing(office: RequestOffice, secret: string): Promise<void> {
  await expect(openDecisionLink(office.tools, { secret })).rejects.toMatchObject(nothing)
  await expect(decideByLink(office.tools, approve(secret))).rejects.toMatchObject(nothing)
}

test('a link opens without changing anything, and decides once in the name of its owner', async () => {
  await using office = await openRequestOffice()
  const { asked, secret, untilMs } = await linked(office)
  expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(untilMs - Date.now()).toBeLessThanOrEqual(24 * 3_600_000)
  expect(untilMs - Date.now()).toBeGreaterThan(23 * 3_600_000)
  const before = await dump(office)
  for (let look = 0; look < 3; look += 1) {
    expect(await openDecisionLink(office.tools, { secret })).toEqual({
      ...{ request: asked, decider: 'lea' },
      outlook: { counts: 'credits', standing: { amount: 1_000_000, used: 800_500 }, most: 4_000_000 },
    })
  }
  expect(await dump(office)).toBe(before)
  expect(before).not.toContain(secret)
  expect(before).toContain(createHash('sha256').update(secret).digest('hex'))

  const decided = await decideByLink(office.tools, { ...approve(secret), note: 'By mail' })
  expect(decided).toMatchObject({ state: 'approved', decidedBy: 'lea', decisionNote: 'By mail', grantId: asked.id })
  expect((await office.audit('grant')).map(({ by }) => by)).toEqual(['lea'])
  await expectNothing(office, secret)
})

test('a link says nothing of what nobody knows: while the store is away, of an administrator’s ceiling, of many limits', async () => {
  await using office = await openRequestOffice()
  const { secret } = await linked(office)
  office.remaining = 'away'
  expect((await openDecisionLink(office.tools, { secret })).outlook).toEqual({ counts: 'credits' })
  office.remaining = undefined
  const asked = await requestMore(
    office.tools,
    wish({ actor: ada, askedBy: 'ada', for: { kind: 'project', id: 'vision' } }),
  )
  const made = await makeDecisionLink(office.tools, { request: asked.id, decider: 'abe' })
  const opened = await openDecisionLink(office.tools, { secret: made?.secret ?? '' })
  expect(opened.outlook).toEqual({ counts: 'credits' })
})

test('a link approves less than is asked, and no more', async () => {
  await using office = await openRequestOffice()
  const { secret } = await linked(office)
  const more = decideByLink(office.tools, { ...approve(secret), amount: '500.5' })
  await expect(more).rejects.toMatchObject({ code: 'not_valid' })
  expect(await decideByLink(office.tools, { ...approve(secret), amount: '12.5' })).toMatchObject({
    granted: { amount: '12.5' },
  })
})

test('a link declines too', async () => {
  await using office = await openRequestOffice()
  const { secret } = await linked(office)
  expect(await decideByLink(office.tools, { secret, decision: 'decline' })).toMatchObject({ state: 'declined' })
})

test('a link that is posted twice at once decides once', async () => {
  await using office = await openRequestOffice()
  const { secret } = await linked(office)
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => decideByLink(office.tools, approve(secret))))
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  for (const one of results) if (one.status === 'rejected') expect(one.reason).toMatchObject(nothing)
  expect(await office.database.rows('SELECT FROM tollgate.grant')).toHaveLength(1)
})

test('a link and a decider at once: one of them counts', async () => {
  await using office = await openRequestOffice()
  const { asked, secret } = await linked(office)
  const results = await Promise.allSettled([
    decideByLink(office.tools, approve(secret)),
    decideRequest(office.tools, { actor: operator, id: asked.id, decision: 'decline' }),
  ])
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  expect(await office.events('request_decided')).toHaveLength(1)
})

test('a forged, expired or foreign link says the same as one that never was', async () => {
  await using office = await openRequestOffice()
  const { secret } = await linked(office)
  const altered = `${secret.slice(0, -2)}${secret.endsWith('AA') ? 'BB' : 'AA'}`
  const digest = createHash('sha256').update(secret).digest('hex')
  for (const one of ['', 'x', altered, `${secret}A`, `${secret}\u0000`, digest, "' OR true --", 'A'.repeat(10_000)]) {
    await expectNothing(office, one)
  }
  await office.database.pool.query('UPDATE tollgate.decision_link SET used_at = now()')
  await expectNothing(office, secret)
  await office.database.pool.query(
    `UPDATE tollgate.decision_link SET used_at = NULL, created_at = now() - interval '25 hours', expires_at = now() - interval '1 hour'`,
  )
  await expectNothing(office, secret)
})

test.each([
  [
    'the request was withdrawn',
    (office: RequestOffice, id: string) => withdrawRequest(office.tools, { actor: alice, id }),
  ],
  [
    'somebody else decided',
    (office: RequestOffice, id: string) => decideRequest(office.tools, { actor: ada, id, decision: 'decline' }),
  ],
  ['its owner was disabled', (office: RequestOffice) => change(office, `account SET disabled = true WHERE id = 'lea'`)],
  [
    'its owner is a member now',
    (office: RequestOffice) => change(office, `account SET role = 'member' WHERE id = 'lea'`),
  ],
  ['its owner moved', (office: RequestOffice) => change(office, `account SET project = 'speech' WHERE id = 'lea'`)],
  ['the asker moved', (office: RequestOffice) => change(office, `account SET project = 'speech' WHERE id = 'alice'`)],
  [
    'the limit is shared now',
    (office: RequestOffice) => change(office, `limit_rule SET per = 'project' WHERE id = 'daily'`),
  ],
] as const)('a link decides nothing once %s', async (...[_, happens]) => {
  await using office = await openRequestOffice()
  const { asked, secret } = await linked(office)
  await happens(office, asked.id)
  await expectNothing(office, secret)
  expect(await office.database.rows('SELECT FROM tollgate.grant')).toEqual([])
})

function change({ database }: RequestOffice, text: string): Promise<unknown> {
  return database.pool.query(`UPDATE tollgate.${text}`)
}

test('a link approves no more than its owner may, and stays as it is when it is refused', async () => {
  await using office = await openRequestOffice()
  const { asked, secret } = await linked(office)
  office.remaining = 100_000
  await expect(decideByLink(office.tools, approve(secret))).rejects.toMatchObject({ code: 'forbidden' })
  office.remaining = 'away'
  await expect(decideByLink(office.tools, approve(secret))).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await readRequest(office.tools, { actor: alice, id: asked.id })).toMatchObject({ state: 'open' })
  office.remaining = 4_000_000
  await decideByLink(office.tools, approve(secret))
})

test.each(['alice', 'amy', 'sam', 'nobody', "'\u0000"])('makeDecisionLink() makes none for %s', async (decider) => {
  await using office = await openRequestOffice()
  const { id: request } = await requestMore(office.tools, wish({}))
  expect(await makeDecisionLink(office.tools, { request, decider })).toBeUndefined()
  expect(await makeDecisionLink(office.tools, { request: 'ask-none', decider: 'lea' })).toBeUndefined()
  expect(await office.database.rows('SELECT FROM tollgate.decision_link')).toEqual([])
})

test('makeDecisionLink() keeps the newest five of a decider for one request, and throws old ones away', async () => {
  await using office = await openRequestOffice()
  const { asked, secret: first } = await linked(office)
  await office.database.pool.query(
    `INSERT INTO tollgate.decision_link (digest, request, decider, created_at, expires_at)
     VALUES (repeat('0', 64), $1, 'ada', now() - interval '9 days', now() - interval '8 days')`,
    [asked.id],
  )
  const secrets: string[] = []
  for (let made = 0; made < 5; made += 1) {
    secrets.push((await makeDecisionLink(office.tools, { request: asked.id, decider: 'lea' }))?.secret ?? '')
  }
  expect(await office.database.rows('SELECT FROM tollgate.decision_link')).toHaveLength(5)
  await expectNothing(office, first)
  for (const secret of secrets) await openDecisionLink(office.tools, { secret })
})
