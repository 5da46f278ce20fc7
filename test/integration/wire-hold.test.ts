import { once } from 'node:events'
import { Metadata } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import type { AuthorizationOptions } from '../../src/grpc/authorization-service.ts'
import { createHolds } from '../../src/grpc/holds.ts'
import { type Observer, silentObserver } from '../../src/telemetry/observer.ts'
import { checkFrame } from '../rpc/support/check-frame.ts'
import { allow, createWire, gate } from '../rpc/support/wire-server.ts'

const { clientOf, rawClient, serve } = createWire()
const path = '/envoy.service.auth.v3.Authorization/Check'
const same = (bytes: Buffer): Buffer => bytes
/** Longer than a test may take, so that one which waits for it fails. */
const longMs = 600_000

/** Decides at once, then holds for so long. */
const holding =
  (forMs: number): AuthorizationOptions['authorize'] =>
  async (_, bounds) => {
    await bounds.hold({ untilMs: Date.now() + forMs })
    return allow
  }

function listening() {
  const heard: string[] = []
  const gauges = new Map<string, number>()
  const observer: Observer = {
    ...silentObserver,
    count: (metric, labels = {}) => void heard.push([metric, ...Object.values(labels)].join(' ')),
    time: (metric, _, labels = {}) => void heard.push([metric, ...Object.values(labels)].join(' ')),
    set: (metric, value) => void gauges.set(metric, value),
  }
  return { observer, heard, gauges }
}

describe('a held Check', () => {
  test('has the head of its answer at once, so that Envoy stops counting its try, and the answer when it is over', async () => {
    const over = gate()
    const { address } = await serve({
      authorize: async (_, bounds) => {
        await bounds.hold({ untilMs: Date.now() + longMs, sooner: over.opened })
        return allow
      },
    })
    const reply = Promise.withResolvers<Buffer | undefined>()
    const deadline = Date.now() + longMs
    const frame = checkFrame()
    const call = rawClient(address).makeUnaryRequest(
      path,
      same,
      same,
      frame,
      new Metadata(),
      { deadline },
      (_, bytes) => reply.resolve(bytes),
    )
    await once(call, 'metadata')
    over.open()
    expect(await reply.promise).toBeInstanceOf(Buffer)
  })

  test('outlives the time that a decision may take, and has as much again to decide after it', async () => {
    const { address } = await serve({
      checkMsMax: 50,
      authorize: async (_, bounds) => {
        const deadlineMs = await bounds.hold({ untilMs: Date.now() + 150 })
        if (deadlineMs === undefined || deadlineMs < Date.now()) throw new Error('no time left')
        return new Promise(() => undefined)
      },
    })
    await expect(clientOf(address, longMs).check()).resolves.toMatchObject({ status: 503, body: 'unavailable' })
  })

  test('ends before its caller stops waiting, whatever was asked', async () => {
    const { address } = await serve({ authorize: holding(longMs) })
    await expect(clientOf(address, 400).check()).resolves.toMatchObject({ allowed: true })
  })

  test('is given back at once when its caller leaves', async () => {
    const held = gate()
    const { observer, heard, gauges } = listening()
    const { address, undelivered } = await serve({
      observer,
      holds: createHolds(observer),
      authorize: (facts, bounds) => {
        held.open()
        return holding(longMs)(facts, bounds)
      },
    })
    await clientOf(address, longMs).checkAndLeave({}, held.opened)
    await expect.poll(() => undelivered).toEqual([allow])
    expect(heard).toContain('check_held_seconds left')
    expect(heard).toContain('checks_undelivered_total allow')
    expect([gauges.get('checks_held'), gauges.get('checks_in_flight')]).toEqual([0, 0])
  })

  test('does not count as being decided', async () => {
    const { address } = await serve({
      inFlightMax: 1,
      authorize: (facts, bounds) =>
        facts.target === '/held' ? holding(longMs)(facts, bounds) : Promise.resolve(allow),
    })
    const client = clientOf(address, longMs)
    const first = gate()
    void client.checkAndLeave({ path: '/held' }, first.opened)
    void client.checkAndLeave({ path: '/held' }, first.opened)
    await expect.poll(async () => (await client.check()).allowed).toBe(true)
    first.open()
  })

  test('is let go when the process stops, and later ones are not held at all', async () => {
    const holds = createHolds(silentObserver)
    const held = gate()
    const { address } = await serve({
      holds,
      authorize: (facts, bounds) => {
        held.open()
        return holding(longMs)(facts, bounds)
      },
    })
    const client = clientOf(address, longMs)
    const first = client.check()
    await held.opened
    holds.end()
    await expect(first).resolves.toMatchObject({ allowed: true })
    await expect(client.check()).resolves.toMatchObject({ allowed: true })
  })
})

test('a decision that hangs is answered within the limit of one try, though the call has more time', async () => {
  const { address } = await serve({ checkMsMax: longMs, authorize: () => new Promise(() => undefined) })
  const metadata = new Metadata()
  metadata.set('x-envoy-expected-rq-timeout-ms', '100')
  const reply = Promise.withResolvers<Buffer | undefined>()
  const deadline = Date.now() + longMs
  rawClient(address).makeUnaryRequest(path, same, same, checkFrame(), metadata, { deadline }, (_, bytes) =>
    reply.resolve(bytes),
  )
  expect((await reply.promise)?.includes('unavailable')).toBe(true)
})

test('what is shed is answered the same every time, by bytes made beforehand', async () => {
  const { observer, heard } = listening()
  let made = 0
  const { address } = await serve({
    observer,
    gate: { overload: () => 'behind' },
    refuse: (reason) => {
      made += 1
      return { verdict: 'deny', reason, answer: { status: 503, headers: [], body: reason }, metadata: {} }
    },
  })
  const client = clientOf(address)
  for (let nth = 0; nth < 3; nth += 1) {
    await expect(client.check()).resolves.toMatchObject({ allowed: false, status: 503, body: 'overloaded' })
  }
  expect(made).toBe(1)
  expect(heard.filter((one) => one === 'checks_shed_total behind')).toHaveLength(3)
})
