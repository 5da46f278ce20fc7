import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QuotaLine, RateLine } from '../../src/core/limit.ts'
import type { LineState } from '../../src/core/spend.ts'
import type { Subject } from '../../src/core/subject.ts'
import { createMemorySpendStore } from '../../src/memory/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import {
  alice,
  amounts,
  counterOf,
  quotaLine,
  rateLine,
  reportOf,
  research,
  seedOf,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'

const project: Subject = { kind: 'project', id: 'vision', partition: 7 }
const quotas: readonly QuotaLine[] = [
  quotaLine({ subject: alice, amount: 40 }),
  quotaLine({ subject: project, amount: 60 }),
  quotaLine({ subject: research, amount: 90, window: 'day' }),
]
const rates: readonly RateLine[] = [
  rateLine({ burst: 20, amount: 1 }),
  rateLine({ subject: research, burst: 30, amount: 3 }),
]
const subjects = [alice, project, research]

const step = fc.oneof(
  fc.record({
    do: fc.constant('spend' as const),
    credits: fc.integer({ min: 0, max: 12 }),
    hits: fc.integer({ min: 0, max: 4 }),
    enforced: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  }),
  fc.record({
    do: fc.constant('report' as const),
    which: fc.nat(30),
    final: fc.boolean(),
    credits: fc.integer({ min: 0, max: 15 }),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 900 }) }),
)

describe('spend() and report()', () => {
  it('take all lines or none, and keep every counter equal to what is booked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (history) => {
        let nowMs = startMs
        const store = createMemorySpendStore({ nowMs: () => nowMs, randomText: () => 'e', observer: silentObserver })
        for (const line of quotas) await store.seed(await seedOf(store, line.subject, [counterOf(line, 0)]))
        const booked: { readonly report: ReturnType<typeof reportOf>; credits: number; isFinal: boolean }[] = []
        const peeked = async (): Promise<readonly LineState[]> => {
          const answer = await store.peek([...quotas, ...rates].map((line) => ({ ...line, hits: 0 })))
          return answer.kind === 'seen' ? answer.states : []
        }
        for (const one of history) {
          if (one.do === 'wait') nowMs += one.ms
          if (one.do === 'spend') {
            const before = await peeked()
            const lines = [...quotas, ...rates].map((line, index) => ({
              ...line,
              hits: line.kind === 'quota' ? one.credits : one.hits,
              enforced: one.enforced[index] === true,
            }))
            const request = spendRequest({
              id: `s${booked.length}`,
              lines,
              subjects,
              estimate: amounts({ credits: one.credits }),
            })
            const answer = await store.spend(request)
            if (answer.kind === 'refused') expect(await peeked()).toEqual(before)
            if (answer.kind === 'taken')
              booked.push({ report: reportOf(request, answer), credits: one.credits, isFinal: false })
          }
          const target = one.do === 'report' ? booked[one.which] : undefined
          if (one.do === 'report' && target !== undefined) {
            const state = one.final ? ('final' as const) : ('open' as const)
            await store.report({ ...target.report, state, amounts: amounts({ credits: one.credits }) })
            // The larger of two finals, or of two opens; a final over an open whatever it says.
            if (state === 'final' && !target.isFinal) target.credits = one.credits
            else if (state === 'final' || !target.isFinal) target.credits = Math.max(target.credits, one.credits)
            target.isFinal ||= one.final
          }
          const sum = booked.reduce((total, entry) => total + entry.credits, 0)
          expect((await peeked()).slice(0, 3)).toMatchObject([{ used: sum }, { used: sum }, { used: sum }])
        }
      }),
      { numRuns: 300 },
    )
  })
})
