import { expect, test } from 'vitest'
import { desk, entriesOf, rule } from './harness.ts'

const slots = { kind: 'concurrency', amount: 1, slotMs: 60_000 } as const

test('a limit of concurrency that gives no slot to a call without a name for it says so', async () => {
  const { codes, cases } = desk([rule(['job'], { amount: slots }), rule(['user'])])
  expect(await codes(['job=a', 'user=b'])).toBe('ok ok')
  expect(await codes(['job=a'])).toBe('ok')
  expect(cases).toEqual(['no_slot_id', 'no_slot_id'])
})

test('nothing is said of a call that only looks, or that says who holds the slot', async () => {
  const looks = desk([rule(['job'], { amount: slots })])
  await looks.ask([{ entries: entriesOf('job=a'), hitsAddend: 0 }])
  expect(looks.cases).toEqual([])
  const named = desk([rule(['job'], { amount: slots })], {
    deps: () => ({
      principals: {
        readDescriptor: ({ entries }) => ({ entries, claim: { kind: 'none' }, slotId: 'one', isStreamDone: false }),
        own: { show: never, spend: never },
        streamDone: never,
        within: (asked) => asked,
      },
    }),
  })
  expect(await named.codes(['job=a'])).toBe('ok')
  expect(named.cases).toEqual([])
})

function never(): Promise<never> {
  return Promise.reject(new Error('Nobody is named in this test'))
}
