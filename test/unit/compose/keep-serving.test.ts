import { expect, test, vi } from 'vitest'
import { keepServing } from '../../../src/compose/keep-serving.ts'
import type { ProcessEnd, ServingProcess } from '../../../src/compose/serving-process.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'

interface Fake {
  readonly process: ServingProcess
  readonly end: (end: ProcessEnd) => void
  readonly serve: () => void
  readonly signals: string[]
}

function fakeProcess(): Fake {
  const ended = Promise.withResolvers<ProcessEnd>()
  const ready = Promise.withResolvers<boolean>()
  const signals: string[] = []
  const signal = (name: string): void => void signals.push(name)
  return {
    process: { pid: 1, ended: ended.promise, ready: ready.promise, ask: async () => undefined, signal },
    end: ended.resolve,
    serve: () => ready.resolve(true),
    signals,
  }
}

function placeWith(onFailed: (end: ProcessEnd, failures: number) => boolean = () => false) {
  const started: Fake[] = []
  const start = (): ServingProcess => {
    const fake = fakeProcess()
    started.push(fake)
    return fake.process
  }
  const place = keepServing({ name: '0', start, observer: silentObserver, nowMs: () => 0, onFailed })
  return { place, started }
}

test('who ends in order or is killed is followed by another; failures in a row are counted', async () => {
  const failures: number[] = []
  const { place, started } = placeWith((_, count) => {
    failures.push(count)
    return false
  })
  started[0]?.end({ code: 0 })
  await vi.waitFor(() => expect(started).toHaveLength(2))
  started[1]?.end({ signal: 'SIGKILL' })
  await vi.waitFor(() => expect(started).toHaveLength(3))
  started[2]?.end({ code: 1 })
  await vi.waitFor(() => expect(started).toHaveLength(4))
  expect(failures).toEqual([1, 2])
  place.release()
  started[3]?.end({ code: 0 })
  expect(await place.ended).toEqual({ code: 0 })
  expect(started).toHaveLength(4)
})

test('a place that is given up starts no other and says how its last process ended', async () => {
  const { place, started } = placeWith(() => true)
  started[0]?.end({ code: 2 })
  expect(await place.ended).toEqual({ code: 2 })
  expect(started).toHaveLength(1)
})

test('renew() asks the one that runs to end and resolves when the next one serves', async () => {
  const { place, started } = placeWith()
  started[0]?.serve()
  await vi.waitFor(() => expect(place.isReady()).toBe(true))
  let isRenewed = false
  const renewed = place.renew().then(() => {
    isRenewed = true
  })
  expect(started[0]?.signals).toEqual(['SIGTERM'])
  started[0]?.end({ code: 0 })
  await vi.waitFor(() => expect(started).toHaveLength(2))
  expect([isRenewed, place.isReady()]).toEqual([false, false])
  started[1]?.serve()
  await renewed
  expect(place.isReady()).toBe(true)
  place.release()
  started[1]?.end({ code: 0 })
})
