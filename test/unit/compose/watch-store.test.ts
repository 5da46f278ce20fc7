import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchSpool, watchStore } from '../../../src/compose/watch-store.ts'
import { Fault } from '../../../src/core/fault.ts'
import { refundOf } from '../../../src/core/refund.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { ticket } from '../check/factories.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('watchStore() tells a store that does not answer, with the reason, and a charge journal that is full, while it is so', async () => {
  const state: { fault?: unknown; isReady: boolean; accepts: boolean } = { isReady: true, accepts: true }
  const connected: number[] = []
  const warnings = new Set<string>()
  await using started = new AsyncDisposableStack()
  watchStore(started, {
    presence: { fault: () => state.fault },
    open: { isReady: () => state.isReady, acceptsCharges: () => state.accepts },
    observer: { ...silentObserver, set: (_, value) => void connected.push(value) },
    warnings,
  })
  const look = async (): Promise<readonly string[]> => {
    await vi.advanceTimersByTimeAsync(1_000)
    return [...warnings, String(connected.at(-1))]
  }
  expect(await look()).toEqual(['1'])
  state.fault = new Fault('store_unavailable', 'Redis is not connected', { cause: new Error('another layout') })
  expect(await look()).toEqual([
    'The store does not answer, limits act by their posture (Redis is not connected: another layout)',
    '0',
  ])
  Object.assign(state, { fault: undefined, isReady: false })
  expect(await look()).toEqual(['The store does not answer, limits act by their posture', '0'])
  Object.assign(state, { isReady: true, accepts: false })
  expect(await look()).toEqual(['The charge journal takes nothing more: what must be booked is refused', '1'])
  state.accepts = true
  expect(await look()).toEqual(['1'])
})

test('watchSpool() tells a spool that refused a report until it takes one again or is empty', async () => {
  const state = { isKept: true, size: 3 }
  const warnings = new Set<string>()
  await using started = new AsyncDisposableStack()
  const spool = watchSpool(started, {
    spool: { add: () => state.isKept, accepts: () => true, size: () => state.size, stop: async () => undefined },
    warnings,
  })
  const told = async (isKept: boolean): Promise<number> => {
    state.isKept = isKept
    expect(spool.add(refundOf(ticket(), 0))).toBe(isKept)
    await vi.advanceTimersByTimeAsync(1_000)
    return warnings.size
  }
  expect([await told(true), await told(false), await told(true), await told(false)]).toEqual([0, 1, 0, 1])
  state.size = 0
  await vi.advanceTimersByTimeAsync(1_000)
  expect(warnings.size).toBe(0)
})
