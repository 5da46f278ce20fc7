import { expect, test } from 'vitest'
import { decideRequest } from '../../../src/manage/decide-request.ts'
import { listGrants } from '../../../src/manage/list-grants.ts'
import { readRequest } from '../../../src/manage/read-request.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { withdrawRequest } from '../../../src/manage/withdraw-request.ts'
import {
  ada,
  alice,
  amy,
  lea,
  leo,
  openRequestOffice,
  operator,
  type RequestOffice,
  wish,
} from '../../support/request-office.ts'

const approve = (id: string, actor: Actor) => ({ actor, id, decision: 'approve' }) as const
const ask = async (office: RequestOffice, more: object = {}) => (await requestMore(office.tools, wish(more))).id

test('leads together never grant more than is left, whoever approves what at the same time', async () => {
  await using office = await openRequestOffice()
  office.remaining = 1_700_000
  const asks = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      ask(office, index % 2 === 0 ? { amount: '500' } : { amount: '500', actor: amy, askedBy: 'amy' }),
    ),
  )
  const results = await Promise.allSettled(
    asks.map((id, index) => decideRequest(office.tools, approve(id, index % 2 === 0 ? lea : leo))),
  )
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(3)
  const [sum] = await office.database.rows('SELECT sum(amount)::float8 AS sum FROM tollgate.grant')
  expect(sum).toEqual({ sum: 1_500 })
  await office.database.pool.query('UPDATE tollgate.grant SET ends_at = now()')
  const open = asks.find((_, index) => results[index]?.status === 'rejected') ?? ''
  await decideRequest(office.tools, approve(open, lea))
})

test('of two who decide at once one counts and the other hears of it', async () => {
  await using office = await openRequestOffice()
  const id = await ask(office)
  const results = await Promise.allSettled([
    decideRequest(office.tools, approve(id, lea)),
    decideRequest(office.tools, { actor: leo, id, decision: 'decline' }),
    decideRequest(office.tools, approve(id, ada)),
    decideRequest(office.tools, approve(id, operator)),
    withdrawRequest(office.tools, { actor: alice, id }),
  ])
  const lost = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(lost.length).toBe(4)
  for (const reason of lost) expect(reason).toMatchObject({ code: 'conflict' })
  const { state } = await readRequest(office.tools, { actor: alice, id })
  const grants = await office.database.rows('SELECT FROM tollgate.grant')
  expect(grants.length).toBe(state === 'approved' ? 1 : 0)
  expect((await office.events('request_decided')).length).toBe(state === 'withdrawn' ? 0 : 1)
})

test('a limit that is renamed while an approval of it is being written takes the grant along', async () => {
  await using office = await openRequestOffice()
  const { pool } = office.database
  const id = await ask(office, { limitName: 'calls', amount: '5' })
  const decider = await pool.connect()
  await decider.query('BEGIN')
  await decider.query('SELECT tollgate.approve_request($1)', [id])
  const renamed = pool.query(`UPDATE tollgate.limit_rule SET name = 'requests' WHERE name = 'calls'`)
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await expect.poll(async () => (await pool.query(waiting)).rowCount, { timeout: 10_000 }).toBe(1)
  await decider.query('COMMIT')
  decider.release()
  await renamed
  const { rows } = await listGrants(office.tools, { actor: operator, countMax: 10 })
  expect(rows).toMatchObject([{ id, limitName: 'requests' }])
})
