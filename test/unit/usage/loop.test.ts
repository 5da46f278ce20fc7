import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLoop } from '../../../src/usage/loop.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function countingLoop(step: (count: number) => Promise<number>) {
  const faults: number[] = []
  let count = 0
  const loop = createLoop({
    step() {
      count += 1
      return step(count)
    },
    onFault: (_error, failures) => faults.push(failures),
    backoffMs: 100,
    backoffMsMax: 400,
  })
  return { loop, faults, count: () => count }
}

test('a loop rests as long as its step says, and goes on at once for 0', async () => {
  const { loop, count } = countingLoop(async (n) => (n < 3 ? 0 : 250))
  loop.start()
  await vi.advanceTimersByTimeAsync(249)
  expect(count()).toBe(3)
  await vi.advanceTimersByTimeAsync(1)
  expect(count()).toBe(4)
  await loop.stop()
})

test('wake() cuts a rest short, and one that comes during a step is not lost', async () => {
  const waking = Promise.withResolvers<void>()
  const { loop, count } = countingLoop(async (n) => {
    if (n === 2) await waking.promise
    return 10_000
  })
  loop.start()
  await vi.advanceTimersByTimeAsync(1)
  loop.wake()
  await vi.advanceTimersByTimeAsync(0)
  expect(count()).toBe(2)
  loop.wake()
  waking.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(count()).toBe(3)
  await vi.advanceTimersByTimeAsync(9_000)
  expect(count()).toBe(3)
  await loop.stop()
})

test('a loop whose step fails waits longer each time, up to a bound, is not hurried by wake(), and starts over after a success', async () => {
  const { loop, faults, count } = countingLoop(async (n) => {
    if (n <= 5) throw new Error('away')
    return 1_000
  })
  loop.start()
  const seen: number[] = []
  for (const waitMs of [0, 100, 200, 400, 400, 400]) {
    loop.wake()
    await vi.advanceTimersByTimeAsync(Math.max(0, waitMs - 1))
    const before = count()
    await vi.advanceTimersByTimeAsync(waitMs === 0 ? 0 : 1)
    seen.push(count() - before)
  }
  expect(faults).toEqual([1, 2, 3, 4, 5])
  expect(seen).toEqual([0, 1, 1, 1, 1, 1])
  await loop.stop()
})

test('stop() lets the step under way finish, begins no other, and ends a rest', async () => {
  const ending = Promise.withResolvers<number>()
  const { loop, count } = countingLoop(() => ending.promise)
  loop.start()
  let isStopped = false
  const stopped = loop.stop().then(() => {
    isStopped = true
  })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(isStopped).toBe(false)
  ending.resolve(0)
  await stopped
  expect(count()).toBe(1)

  const resting = countingLoop(async () => 1_000_000)
  resting.loop.start()
  await vi.advanceTimersByTimeAsync(1)
  await resting.loop.stop()
  expect(resting.count()).toBe(1)
})

test('a row of failures is said when it begins, once a minute while it goes on, and when it ends', async () => {
  const said: (readonly [string, unknown])[] = []
  let count = 0
  const loop = createLoop({
    async step() {
      count += 1
      if (count <= 200) throw new Error('away')
      return 1_000
    },
    onFault() {},
    log: {
      observer: {
        info: (event, details) => void said.push([event, details?.['failures']]),
        warn: (event, details) => void said.push([event, details?.['failures']]),
      },
      failed: 'pass_failed',
      again: 'passes_again',
    },
    ...{ backoffMs: 500, backoffMsMax: 500 },
  })
  loop.start()
  await vi.advanceTimersByTimeAsync(150_000)
  expect(said).toEqual([
    ['pass_failed', 1],
    ['pass_failed', 121],
    ['passes_again', 200],
  ])
  await loop.stop()
})
