import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Period, rateUnits } from '../../src/core/descriptor-rule.ts'
import { createPeriodMemo, periodWindow } from '../../src/core/period-window.ts'

const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
const unit = fc.constantFrom(...rateUnits)
const instant = fc.integer({ min: Date.UTC(1973, 0, 2), max: Date.UTC(2045, 0, 1) })
const period: fc.Arbitrary<Period> = fc.oneof(
  fc.record({ unit, units: fc.integer({ min: 1, max: 1_000 }) }),
  fc.record({ unit, units: fc.constant(1), timeZone: zone }),
)
const offsets = fc.constantFrom(-3_600_000, -1, 0, 1, 3_600_000)

function expectTile(ms: number, wanted: Period): void {
  const at = (when: number) => periodWindow(wanted, when, createPeriodMemo())
  const { startMs, endMs, nextEndMs } = at(ms)
  const about = `${JSON.stringify(wanted)} at ${new Date(ms).toISOString()}`
  expect(startMs, about).toBeLessThanOrEqual(ms)
  expect(endMs, about).toBeGreaterThan(ms)
  expect(at(startMs), about).toEqual({ startMs, endMs, nextEndMs })
  expect(at(endMs - 1), about).toEqual({ startMs, endMs, nextEndMs })
  expect(at(endMs).startMs, about).toBe(endMs)
  expect(at(endMs).endMs, about).toBe(nextEndMs)
  expect(at(startMs - 1).endMs, about).toBe(startMs)
}

test('periodWindow() tiles time without gap or overlap: any period, in every zone, at any instant', () => {
  fc.assert(fc.property(instant, period, expectTile), { numRuns: 2_000 })
})

test('periodWindow() tiles time around changes of the clock, in every zone', () => {
  fc.assert(
    fc.property(...([instant, offsets, unit, zone] as const), (...[ms, offsetMs, of, timeZone]) => {
      const near = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)
      const change = near.getTimeZoneTransition('previous')?.epochMilliseconds ?? ms
      if (change < Date.UTC(1973, 0, 2)) return
      expectTile(change + offsetMs, { unit: of, units: 1, timeZone })
    }),
    { numRuns: 1_000 },
  )
})

test('periodWindow() says the same with a memo that has seen other instants', () => {
  fc.assert(
    fc.property(fc.array(instant, { minLength: 2, maxLength: 10 }), period, (instants, wanted) => {
      const memo = createPeriodMemo()
      for (const ms of instants)
        expect(periodWindow(wanted, ms, memo)).toEqual(periodWindow(wanted, ms, createPeriodMemo()))
    }),
    { numRuns: 300 },
  )
})
