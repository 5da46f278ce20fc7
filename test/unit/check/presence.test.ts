import { expect, test } from 'vitest'
import type { Beat, ProcessRoll, RollCall } from '../../../src/check/ports.ts'
import { createPresence } from '../../../src/check/presence.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'

type Step = RollCall | Error | Promise<RollCall>

function presenceWith(steps: readonly Step[], observer: Observer = silentObserver) {
  const beats: Beat[] = []
  const left: Omit<Beat, 'isNew'>[] = []
  const clock = { now: 0 }
  const roll: ProcessRoll = {
    async beat(beat) {
      beats.push(beat)
      const step = await (steps[beats.length - 1] ?? { processes: 1, brokeAtMs: 7 })
      if (step instanceof Error) throw step
      return step
    },
    async leave(beat) {
      left.push(beat)
    },
  }
  const presence = createPresence({
    roll,
    id: 'me',
    observer,
    nowMs: () => clock.now,
    everyMs: 3_600_000,
  })
  return { presence, beats, left, clock }
}

test('brokeAtMs() is Infinity until a beat succeeded, and again when none did lately', async () => {
  const { presence, clock } = presenceWith([new Error('away'), { processes: 3, brokeAtMs: 500 }])
  expect(presence.brokeAtMs()).toBe(Number.POSITIVE_INFINITY)
  await presence.start()
  expect([presence.brokeAtMs(), presence.processes()]).toEqual([Number.POSITIVE_INFINITY, 1])
  await presence.refresh()
  expect([presence.brokeAtMs(), presence.processes()]).toEqual([500, 3])
  clock.now = 301
  expect([presence.brokeAtMs(), presence.processes()]).toEqual([Number.POSITIVE_INFINITY, 3])
  await presence.stop()
})

test('a first beat that nobody heard is followed by beats that are not new, which the roll takes for a break', async () => {
  const { presence, beats } = presenceWith([new Error('away')])
  await presence.start()
  await presence.refresh()
  expect(beats.map(({ isNew }) => isNew)).toEqual([true, false])
  await presence.stop()
})

test('streamBroke() is told at once, once, and nothing is known until it arrived; a beat that fails tells it again', async () => {
  const held = Promise.withResolvers<RollCall>()
  const { presence, beats } = presenceWith([{ processes: 1, brokeAtMs: 7 }, new Error('away'), held.promise])
  await presence.start()
  presence.streamBroke()
  expect(presence.brokeAtMs()).toBe(Number.POSITIVE_INFINITY)
  const refreshed = presence.refresh()
  expect(presence.brokeAtMs()).toBe(Number.POSITIVE_INFINITY)
  held.resolve({ processes: 1, brokeAtMs: 90 })
  await refreshed
  expect(presence.brokeAtMs()).toBe(90)
  await presence.refresh()
  expect(beats.map(({ streamBroke }) => streamBroke)).toEqual([false, true, true, false])
  expect(presence.brokeAtMs()).toBe(7)
  await presence.stop()
})

test('a break during a beat is told by the next one, which follows at once', async () => {
  const held = Promise.withResolvers<RollCall>()
  const { presence, beats } = presenceWith([{ processes: 1, brokeAtMs: 7 }, held.promise])
  await presence.start()
  const refreshed = presence.refresh()
  presence.streamBroke()
  expect(presence.brokeAtMs()).toBe(Number.POSITIVE_INFINITY)
  held.resolve({ processes: 1, brokeAtMs: 7 })
  await refreshed
  expect(beats.map(({ streamBroke }) => streamBroke)).toEqual([false, false, true])
  await presence.stop()
})

test('stop() leaves once, with what was not told, and beats no more', async () => {
  const { presence, beats, left } = presenceWith([{ processes: 1, brokeAtMs: 7 }, new Error('away')])
  await presence.start()
  presence.streamBroke()
  await presence.stop()
  await presence.refresh()
  expect(left).toEqual([{ id: 'me', streamBroke: true }])
  expect(beats).toHaveLength(2)
})

test('beats that fail are counted each, and said once when they begin to and once when they are heard again', async () => {
  const said: (readonly [string, unknown])[] = []
  let counted = 0
  const observer: Observer = {
    ...silentObserver,
    count: () => {
      counted += 1
    },
    info: (event, details) => void said.push([event, details?.['failures']]),
    warn: (event, details) => void said.push([event, details?.['failures']]),
  }
  const away = [new Error('away'), new Error('away'), new Error('away')]
  const { presence } = presenceWith([{ processes: 1, brokeAtMs: 7 }, ...away], observer)
  await presence.start()
  for (let beats = 0; beats < 5; beats += 1) await presence.refresh()
  expect(said).toEqual([
    ['process_beat_failed', 1],
    ['process_beats_again', 3],
  ])
  expect(counted).toBe(3)
  await presence.stop()
})
