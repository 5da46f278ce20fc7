import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type WindowKind, windowKinds } from '../../src/core/limit.ts'
import { windowsAt } from '../../src/core/quota-window.ts'

const zones = Intl.supportedValuesOf('timeZone')
const zone = fc.constantFrom(...zones)
const window = fc.constantFrom(...windowKinds)
const first = Date.UTC(1970, 0, 2)
const last = Date.UTC(2045, 0, 1)
const offsets = [-3_600_000, -1_800_000, -60_000, -1, 0, 1, 60_000, 1_800_000, 3_600_000]

/** Windows that are computed from instants inside one another agree, and the ones beside begin and end where it does. */
function expectTile(ms: number, wanted: { readonly window: WindowKind; readonly timeZone: string }): void {
  const at = (instant: number) => windowsAt(instant, wanted, new Map())
  const { current, next } = at(ms)
  const about = `${wanted.window} of ${wanted.timeZone} at ${new Date(ms).toISOString()}`
  expect(current.startMs, about).toBeLessThanOrEqual(ms)
  expect(current.endMs, about).toBeGreaterThan(ms)
  expect(at(current.startMs).current, about).toEqual(current)
  expect(at(current.endMs - 1).current, about).toEqual(current)
  expect(at(current.endMs).current, about).toEqual(next)
  expect(next.startMs, about).toBe(current.endMs)
  expect(at(current.startMs - 1).current.endMs, about).toBe(current.startMs)
}

test('windowsAt() tiles time without gap or overlap, in every zone, at any instant', () => {
  fc.assert(
    fc.property(fc.integer({ min: first, max: last }), window, zone, (ms, kind, timeZone) =>
      expectTile(ms, { window: kind, timeZone }),
    ),
    { numRuns: 2_000 },
  )
})

test('windowsAt() tiles time around changes of the clock, in every zone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: first, max: last }),
      ...([fc.constantFrom(...offsets), window, zone] as const),
      (...[ms, offsetMs, kind, timeZone]) => {
        const near = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)
        const change = near.getTimeZoneTransition('previous') ?? near
        if (change.epochMilliseconds < first) return
        expectTile(change.epochMilliseconds + offsetMs, { window: kind, timeZone })
      },
    ),
    { numRuns: 2_000 },
  )
})
