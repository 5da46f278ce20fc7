import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textOfThousandths, thousandthsOf } from '../../src/manage/amount-text.ts'
import { decideRequest } from '../../src/manage/decide-request.ts'
import { requestMore } from '../../src/manage/request-more.ts'
import { ada, alice, amy, lea, leo, openRequestOffice, wish } from '../support/request-office.ts'

const milliMax = 1_000_000
const deciders = { lea, leo, ada }
const askers = { alice, amy }

const approval = fc.record({
  asker: fc.constantFrom('alice', 'amy'),
  decider: fc.constantFrom('lea', 'leo', 'ada'),
  milli: fc.integer({ min: 1, max: milliMax }),
  /** Of thousandths of what is asked. */
  share: fc.integer({ min: 1, max: 1_000 }),
})

test('what leads grant at once is never more than what is left, and never refused when all of it fits', async () => {
  await using office = await openRequestOffice()
  await fc.assert(
    fc.asyncProperty(
      fc.array(approval, { minLength: 2, maxLength: 8 }),
      fc.integer({ min: 0, max: 3 * milliMax }),
      async (approvals, remaining) => {
        await office.database.pool.query('TRUNCATE tollgate.quota_request, tollgate.grant CASCADE')
        office.remaining = remaining
        const amounts = approvals.map(({ milli, share }) => BigInt(Math.max(1, Math.floor((milli * share) / 1_000))))
        const ids: string[] = []
        for (const { asker, milli } of approvals) {
          const amount = textOfThousandths(BigInt(milli))
          const asked = await requestMore(office.tools, wish({ actor: askers[asker], askedBy: asker, amount }))
          ids.push(asked.id)
        }
        const results = await Promise.allSettled(
          approvals.map(({ decider }, index) =>
            decideRequest(office.tools, {
              ...{ actor: deciders[decider], id: ids[index] ?? '', decision: 'approve' },
              amount: textOfThousandths(amounts[index] ?? 0n),
            }),
          ),
        )
        const rows = await office.database.rows(
          `SELECT coalesce(sum(g.amount), 0)::text AS sum FROM tollgate.grant g
             JOIN tollgate.quota_request q ON q.grant_id = g.id WHERE q.decided_by IN ('lea', 'leo')`,
        )
        const granted = thousandthsOf(String(rows[0]?.['sum']))
        expect(granted <= BigInt(remaining)).toBe(true)
        const byLeads = approvals.flatMap(({ decider }, index) => (decider === 'ada' ? [] : [amounts[index] ?? 0n]))
        const wanted = byLeads.reduce((sum, amount) => sum + amount, 0n)
        const refused = results.filter(({ status }) => status === 'rejected').length
        if (wanted <= BigInt(remaining)) expect(refused).toBe(0)
        else expect(refused).toBeGreaterThan(0)
      },
    ),
    { numRuns: 20 },
  )
})
