import { expect, test } from 'vitest'
import { createOutage } from '../../../src/core/outage.ts'

test('an outage is said when it begins, once a minute while it goes on, and when it ends, and the next one anew', () => {
  const outage = createOutage()
  expect(outage.ended()).toBeUndefined()
  const said = [5, 250, 60_004, 60_005, 60_250, 120_005].map((nowMs) => outage.failed(nowMs))
  expect(said).toEqual([1, undefined, undefined, 4, undefined, 6])
  expect([outage.ended(), outage.ended()]).toEqual([6, undefined])
  expect(outage.failed(120_006)).toBe(1)
  expect([outage.failed(7), outage.failed(8)]).toEqual([2, undefined])
})
