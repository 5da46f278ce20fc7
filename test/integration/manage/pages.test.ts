import { expect, test } from 'vitest'
import { listGrants } from '../../../src/manage/list-grants.ts'
import { listRequests } from '../../../src/manage/list-requests.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import { withdrawRequest } from '../../../src/manage/withdraw-request.ts'
import { alice, bob, openRequestOffice, operator, type RequestOffice, wish } from '../../support/request-office.ts'

const at = '2026-11-20 10:00:00.1234'

/** Grants of alice that began within one millisecond, and some at the very same instant. */
async function giveMany(office: RequestOffice): Promise<void> {
  await office.database.pool.query(
    `INSERT INTO tollgate.grant (id, limit_name, account, amount, starts_at, ends_at)
     SELECT 'g-' || n, 'daily', 'alice', 1, $1::timestamptz + (n % 4) * interval '1 microsecond', now() + interval '1 day'
       FROM generate_series(1, 9) n`,
    [at],
  )
}

test('listGrants() loses and repeats nothing of what began within one millisecond', async () => {
  await using office = await openRequestOffice()
  await giveMany(office)
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = await listGrants(office.tools, { actor: alice, countMax: 2, after })
    seen.push(...page.rows.map(({ id }) => id))
    after = page.next
  } while (after !== undefined)
  expect(seen).toEqual(['g-7', 'g-3', 'g-6', 'g-2', 'g-9', 'g-5', 'g-1', 'g-8', 'g-4'])
})

test('a list goes on where a page ended, though its last row is gone or of another state by then', async () => {
  await using office = await openRequestOffice()
  await giveMany(office)
  const first = await listGrants(office.tools, { actor: alice, countMax: 2 })
  await office.database.pool.query(`DELETE FROM tollgate.grant WHERE id = 'g-3'`)
  const second = await listGrants(office.tools, { actor: alice, countMax: 2, after: first.next })
  expect(second.rows.map(({ id }) => id)).toEqual(['g-6', 'g-2'])
  const asked: string[] = []
  for (let nth = 0; nth < 3; nth += 1) asked.unshift((await requestMore(office.tools, wish({}))).id)
  const open = { actor: alice, state: 'open', countMax: 1 } as const
  const { next } = await listRequests(office.tools, open)
  await withdrawRequest(office.tools, { actor: alice, id: asked[0] ?? '' })
  expect((await listRequests(office.tools, { ...open, after: next })).rows.map(({ id }) => id)).toEqual([asked[1]])
})

test('what a caller hands in as the place of a page tells nothing of rows that are not theirs to see', async () => {
  await using office = await openRequestOffice()
  await giveMany(office)
  const { id } = await requestMore(office.tools, wish({}))
  const [{ next: place = '' }, { rows }] = await Promise.all([
    listGrants(office.tools, { actor: operator, countMax: 1 }),
    listRequests(office.tools, { actor: operator, countMax: 1 }),
  ])
  const instant = place.split('_')[0]
  expect(rows).toHaveLength(1)
  const answer = (list: typeof listGrants | typeof listRequests, after: string) =>
    list(office.tools, { actor: bob, countMax: 10, after }).catch((error: Error) => error.message)
  for (const [list, theirs, none] of [
    [listGrants, 'g-1', 'g-none'],
    [listRequests, id, 'ask-none'],
  ] as const) {
    expect(await answer(list, theirs)).toEqual(await answer(list, none))
    expect(await answer(list, `${instant}_${theirs}`)).toEqual({ rows: [] })
    expect(await answer(list, `${instant}_${none}`)).toEqual({ rows: [] })
  }
})

test.each(['', '_', '1_', '_g-1', 'x_g-1', '-1_g-1', `1_g'1`, `${'9'.repeat(19)}_g-1`, '1.5_g-1'])(
  'the place %j is refused',
  async (after) => {
    await using office = await openRequestOffice()
    for (const list of [listGrants, listRequests]) {
      await expect(list(office.tools, { actor: operator, countMax: 1, after })).rejects.toMatchObject({
        code: 'not_valid',
      })
    }
    const last = { actor: operator, countMax: 1, after: `${'9'.repeat(18)}_g-1` }
    expect(await listGrants(office.tools, last)).toEqual({ rows: [] })
  },
)
