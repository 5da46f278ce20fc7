import { expect, test } from 'vitest'
import { createRateGate } from '../../../src/portal/rate-gate.ts'

const rate = { amount: 10, periodMs: 1_000, burst: 3 }
const own = { name: 'api-requests', subject: 'account alice', rate }

test('a gate lets a burst pass, then says how long to wait, and refills', () => {
  const gate = createRateGate()
  expect([1, 2, 3].map(() => gate([own], 0))).toEqual([undefined, undefined, undefined])
  expect(gate([own], 0)).toMatchObject({ waitMs: 100 })
  expect(gate([own], 100)).toBeUndefined()
  expect(gate([own], 100)).toMatchObject({ waitMs: 100 })
})

test('a gate takes of all lines or of none, and names the one that waits longest', () => {
  const gate = createRateGate()
  const slow = { name: 'slow', subject: 'account alice', rate: { amount: 1, periodMs: 60_000, burst: 1 } }
  expect(gate([own, slow], 0)).toBeUndefined()
  for (let call = 0; call < 10; call += 1) expect(gate([own, slow], 0)).toMatchObject({ line: { name: 'slow' } })
  expect([1, 2].map(() => gate([own], 0))).toEqual([undefined, undefined])
})

test('subjects have rates of their own, and many of them do not pile up', () => {
  const gate = createRateGate()
  for (let nth = 0; nth < 60_000; nth += 1) expect(gate([{ ...own, subject: `address ${nth}` }], 0)).toBeUndefined()
  for (let call = 0; call < 2; call += 1) gate([{ ...own, subject: 'address 59999' }], 0)
  expect(gate([{ ...own, subject: 'address 59999' }], 0)).toBeDefined()
})
