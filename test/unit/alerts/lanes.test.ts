import { expect, test } from 'vitest'
import { createLanes, type Lane } from '../../../src/alerts/lanes.ts'

const limits = { quickLanesMax: 2, lanesMax: 4, failingLanesMax: 1, quickMs: 1_000 }

function world() {
  let nowMs = 0
  const lanes = createLanes({ ...limits, nowMs: () => nowMs, onCount: () => {} })
  const open = new Map<string, { readonly lane: Lane; readonly end: () => void }>()
  const start = (id: string, { isFailing = false } = {}): void => {
    lanes.start({ id, kind: 'webhook', isFailing }, (lane) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      open.set(id, { lane, end: resolve })
      return promise
    })
  }
  return {
    lanes,
    start,
    lane: (id: string) => open.get(id)?.lane,
    end: (id: string) => open.get(id)?.end(),
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('a channel has one lane at a time, and its place is free when it ends', async () => {
  const { lanes, start, end } = world()
  start('one')
  start('one')
  expect(lanes.channels()).toEqual(['one'])
  expect(lanes.free()).toEqual({ countMax: 1, failingMax: 1 })
  end('one')
  await lanes.ended()
  expect(lanes.free()).toEqual({ countMax: 2, failingMax: 1 })
})

test('a lane that waits for its target longer than a moment no longer takes the place of a quick one', () => {
  const { lanes, start, lane, pass } = world()
  start('one')
  start('two')
  expect(lanes.free().countMax).toBe(0)
  lane('one')?.sending()
  pass(1_000)
  expect(lanes.free().countMax).toBe(1)
  lane('one')?.answered()
  expect(lanes.free().countMax).toBe(0)
})

test('slow lanes are bounded all the same', () => {
  const { lanes, start, lane, pass } = world()
  for (const id of ['one', 'two', 'three', 'four']) {
    start(id)
    lane(id)?.sending()
  }
  pass(5_000)
  expect(lanes.free()).toEqual({ countMax: 0, failingMax: 1 })
})

test('failing channels have places of their own, and take none of the others', () => {
  const { lanes, start } = world()
  start('dead', { isFailing: true })
  expect(lanes.free()).toEqual({ countMax: 2, failingMax: 0 })
})
