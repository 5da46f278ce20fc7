import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AuthorizationOptions } from '../../src/grpc/authorization-service.ts'
import { type Observer, silentObserver } from '../../src/telemetry/observer.ts'
import { allow, createWire, gate } from '../rpc/support/wire-server.ts'

const { clientOf, folder, serve } = createWire()

describe('Check is answered with gRPC OK', () => {
  test('over a unix socket and over TCP at once', async () => {
    const { server } = await serve({
      listen: { socketPath: join(folder(), 's.sock'), tcp: { host: '127.0.0.1', port: 0 } },
    })
    expect(server.addresses).toEqual([`unix:${folder()}/s.sock`, expect.stringMatching(/^127\.0\.0\.1:\d+$/)])
    for (const address of server.addresses) {
      await expect(clientOf(address).check()).resolves.toMatchObject({ allowed: true, metadata: { ticket: 't' } })
    }
  })

  test('inside the caller’s deadline when the decision hangs; the late decision is given back', async () => {
    const held = gate()
    let signal: AbortSignal | undefined
    const { address, undelivered } = await serve({
      authorize: async (_, bounds) => {
        signal = bounds.signal
        await held.opened
        return allow
      },
    })
    const startedMs = Date.now()
    await expect(clientOf(address, 150).check()).resolves.toMatchObject({
      allowed: false,
      status: 503,
      body: 'unavailable',
    })
    expect(Date.now() - startedMs).toBeLessThan(150)
    expect(signal?.aborted).toBe(true)
    expect(undelivered).toEqual([])
    held.open()
    await expect.poll(() => undelivered).toEqual([allow])
  })

  test('inside our own setting when the caller has no hurry', async () => {
    const { address } = await serve({ checkMsMax: 40, authorize: () => new Promise(() => undefined) })
    const startedMs = Date.now()
    await expect(clientOf(address, 10_000).check()).resolves.toMatchObject({ status: 503, body: 'unavailable' })
    expect(Date.now() - startedMs).toBeLessThan(1_000)
  })

  test('when the decision throws, at once or later, or its answer cannot be built', async () => {
    const faults: AuthorizationOptions['authorize'][] = [
      () => {
        throw new Error('at once')
      },
      () => Promise.reject(new Error('later')),
    ]
    for (const [index, authorize] of faults.entries()) {
      const { address } = await serve({ authorize, listen: { socketPath: join(folder(), `${index}.sock`) } })
      await expect(clientOf(address).check()).resolves.toMatchObject({
        allowed: false,
        status: 503,
        body: 'unavailable',
      })
    }
    const { address } = await serve({
      authorize: () => Promise.reject(new Error('x')),
      refuse: () => {
        throw new Error('no table')
      },
    })
    await expect(clientOf(address).check()).resolves.toMatchObject({ allowed: false, status: 503, body: '' })
  })

  test('when the request is not protobuf, or is 1 MB of path', async () => {
    const { address } = await serve()
    const client = clientOf(address)
    for (const frame of [Buffer.from([0x0a, 0x80]), Buffer.alloc(0), Buffer.from('hello')]) {
      await expect(client.checkBytes(frame)).resolves.toMatchObject({ allowed: false, body: 'bad_request' })
    }
    await expect(client.check({ path: `/${'x'.repeat(1_000_000)}` })).resolves.toMatchObject({ body: 'bad_request' })
    const headers = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`h${index}`, 'v']))
    await expect(client.check({ headers })).resolves.toMatchObject({ allowed: false, body: 'bad_request' })
    await expect(client.check({ headers: { big: 'x'.repeat(6_000_000) } })).resolves.toMatchObject({
      body: 'bad_request',
    })
    await expect(client.check()).resolves.toMatchObject({ allowed: true })
  })

  test('beyond the in-flight cap as overloaded, unread, and below it again afterwards', async () => {
    const held = gate()
    const { address } = await serve({
      inFlightMax: 2,
      checkMsMax: 5_000,
      authorize: async () => {
        await held.opened
        return allow
      },
    })
    const client = clientOf(address, 5_000)
    const first = [client.check(), client.check()]
    await expect.poll(async () => (await client.checkBytes(Buffer.from([0x0a, 0x80]))).body).toBe('overloaded')
    held.open()
    await expect(Promise.all(first)).resolves.toMatchObject([{ allowed: true }, { allowed: true }])
    await expect(client.check()).resolves.toMatchObject({ allowed: true })
  })

  test('a caller that leaves gets its decision given back; one that got its answer does not', async () => {
    const [asked, held] = [gate(), gate()]
    const { address, undelivered } = await serve({
      checkMsMax: 5_000,
      authorize: async ({ target }) => {
        if (target === '/slow') {
          asked.open()
          await held.opened
        }
        return allow
      },
    })
    const client = clientOf(address, 5_000)
    const left = client.checkAndLeave({ path: '/slow' }, asked.opened)
    await left
    // A second call on the same connection: the server has seen the reset that was sent before it.
    await client.check()
    expect(undelivered).toEqual([])
    held.open()
    await expect.poll(() => undelivered).toEqual([allow])
  })
})

test('a Check is counted by verdict and reason', async () => {
  const counted: string[] = []
  const observer: Observer = {
    ...silentObserver,
    count: (metric, labels = {}) => counted.push(`${metric} ${Object.values(labels).join(' ')}`),
  }
  const { address } = await serve({ observer })
  await clientOf(address).check()
  await clientOf(address).checkBytes(Buffer.from([0x0a, 0x80]))
  expect(counted).toEqual(['checks_total allow none', 'bad_checks_total malformed', 'checks_total deny bad_request'])
})
