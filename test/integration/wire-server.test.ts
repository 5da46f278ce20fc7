import { chmodSync, existsSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  type Client,
  type ClientReadableStream,
  type ClientWritableStream,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { createRateLimitService } from '../../src/grpc/rate-limit-service.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { allow, createWire, gate } from '../rpc/support/wire-server.ts'

const { clientOf, folder, rawClient, serve } = createWire()

const same = (bytes: Buffer): Buffer => bytes
const healthCheck = '/grpc.health.v1.Health/Check'
const logs = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs'

const health = (client: Client, service = ''): Promise<Buffer | number> =>
  new Promise((resolve) => {
    const request = Buffer.concat([Buffer.from([10, service.length]), Buffer.from(service)])
    client.makeUnaryRequest(healthCheck, same, same, request, (error, reply) => resolve(reply ?? error?.code ?? -1))
  })

describe('the socket file', () => {
  test('is 0600, and a dead process’s is replaced', async () => {
    const path = join(folder(), 's.sock')
    const { server } = await serve()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(process.umask()).toBe(process.umask(0o022))
    server.close()
    await expect.poll(() => existsSync(path)).toBe(false)
    await leaveDeadSocket(path)
    expect(existsSync(path)).toBe(true)
    const { address } = await serve()
    await expect(clientOf(address).check()).resolves.toMatchObject({ allowed: true })
  })

  test('of a living process is refused, and so is a file that is no socket', async () => {
    await serve()
    await expect(serve()).rejects.toMatchObject({ code: 'already_running' })
    const path = join(folder(), 'note')
    writeFileSync(path, 'x')
    await expect(serve({ listen: { socketPath: path } })).rejects.toMatchObject({ code: 'settings_invalid' })
    expect(existsSync(path)).toBe(true)
  })

  test('a taken port is named', async () => {
    const { address } = await serve({ listen: { tcp: { host: '127.0.0.1', port: 0 } } })
    const port = Number(address.split(':')[1])
    await expect(serve({ listen: { tcp: { host: '127.0.0.1', port } } })).rejects.toMatchObject({
      code: 'already_running',
      message: `Another process listens on 127.0.0.1:${port}`,
    })
  })
})

/** A socket file that nobody listens on, as kill −9 leaves it: closed without unlinking, because it was renamed meanwhile. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.tmp`, resolve))
  renameSync(`${path}.tmp`, path)
  chmodSync(path, 0o644)
  await new Promise((resolve) => server.close(resolve))
}

describe('grpc.health.v1', () => {
  test('says NOT_SERVING until told, then SERVING; an unknown service is NOT_FOUND', async () => {
    const { server, address } = await serve()
    const client = rawClient(address)
    expect(await health(client)).toEqual(Buffer.from([8, 2]))
    server.setServing(true)
    expect(await health(client)).toEqual(Buffer.from([8, 1]))
    expect(await health(client, 'envoy.service.auth.v3.Authorization')).toEqual(Buffer.from([8, 1]))
    expect(await health(client, 'nobody')).toBe(5)
  })

  test('knows every service by its name', async () => {
    const { method } = createRateLimitService({
      rateLimit: async () => ({ code: 'ok', statuses: [], responseHeaders: [] }),
      lateAnswer: () => undefined,
      ...{ gate: { overload: () => undefined }, callMsMax: 200, observer: silentObserver, nowMs: Date.now },
    })
    const { server, address } = await serve({ more: [method] })
    server.setServing(true)
    const client = rawClient(address)
    for (const name of ['auth.v3.Authorization', 'ratelimit.v3.RateLimitService', 'accesslog.v3.AccessLogService']) {
      expect([name, await health(client, `envoy.service.${name}`)]).toEqual([name, Buffer.from([8, 1])])
    }
  })

  test('is there, reflection is not: UNIMPLEMENTED, as for any method that is not served', async () => {
    const client = rawClient((await serve()).address)
    const code = (path: string): Promise<number> =>
      new Promise((resolve) => {
        const stream = client.makeBidiStreamRequest(path, same, same)
        stream.on('data', () => resolve(0)).on('error', (error: ServiceError) => resolve(error.code))
        // ServerReflectionRequest {list_services = 7}
        stream.end(Buffer.from([0x3a, 1, 0x2a]))
      })
    for (const version of ['v1', 'v1alpha']) {
      expect(await code(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`)).toBe(12)
    }
    expect(await code('/envoy.service.ratelimit.v2.RateLimitService/ShouldRateLimit')).toBe(12)
  })

  test('Watch tells each change', async () => {
    const { server, address } = await serve()
    const { seen } = watch(rawClient(address))
    await expect.poll(() => seen).toEqual([2])
    server.setServing(true)
    await expect.poll(() => seen).toEqual([2, 1])
    const unknown = watch(rawClient(address), 'nobody')
    await expect.poll(() => unknown.seen).toEqual([3])
  })
})

function watch(
  client: Client,
  service = '',
): { readonly seen: number[]; readonly stream: ClientReadableStream<Buffer> } {
  const seen: number[] = []
  const request = Buffer.concat([Buffer.from([10, service.length]), Buffer.from(service)])
  const stream = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, request)
  stream.on('data', (message: Buffer) => seen.push(message[1] ?? -1))
  stream.on('error', () => undefined)
  return { seen, stream }
}

/** One finished request without ticket: `http_logs { log_entry { response { response_code { value: 200 } } } }`. */
const logMessage = Buffer.from([0x12, 0x09, 0x0a, 0x07, 0x22, 0x05, 0x0a, 0x03, 0x08, 0xc8, 0x01])

function openLogs(client: Client): {
  readonly call: ClientWritableStream<Buffer>
  readonly answer: Promise<Buffer | undefined>
} {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>()
  const call = client.makeClientStreamRequest(logs, same, same, new Metadata(), (_, reply) => resolve(reply))
  call.on('error', () => undefined)
  return { call, answer: promise }
}

describe('access log streams', () => {
  test('take what can be read, and live on after what cannot', async () => {
    const { address, entries } = await serve()
    const { call, answer } = openLogs(rawClient(address))
    call.write(logMessage)
    call.write(Buffer.from([0x12, 0xff, 0xff]))
    call.write(Buffer.from('nonsense'))
    call.write(logMessage)
    call.end()
    expect(await answer).toEqual(Buffer.alloc(0))
    expect(entries).toMatchObject([{ status: 200 }, { status: 200 }])
  })

  test('are read one message at a time, and answered by a drain only when all that was sent is reported', async () => {
    const held = gate()
    let asked = 0
    const reporting = (): Promise<void> => {
      asked += 1
      return held.opened
    }
    const { server, address, entries } = await serve({ reporting })
    const { call, answer } = openLogs(rawClient(address))
    for (let count = 0; count < 5; count += 1) call.write(logMessage)
    await expect.poll(() => asked).toBe(1)
    const drained = server.drain({ graceMs: 0, forceMs: 20_000 })
    expect(await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 150, 'open'))])).toBe('open')
    expect([asked, entries.length]).toEqual([1, 0])
    held.open()
    expect(await answer).toEqual(Buffer.alloc(0))
    await drained
    expect([asked, entries.length]).toEqual([5, 5])
  })

  test('outlive a report that fails', async () => {
    let failures = 1
    const { address, entries } = await serve({
      reporting: async () => {
        failures -= 1
        if (failures >= 0) throw new Error('store away')
      },
    })
    const { call, answer } = openLogs(rawClient(address))
    call.write(logMessage)
    call.write(logMessage)
    call.end()
    expect(await answer).toEqual(Buffer.alloc(0))
    expect(entries).toHaveLength(1)
  })
})

describe('drain()', () => {
  test('answers open log streams and ends Watches, so that nothing holds it', async () => {
    const { server, address, entries } = await serve()
    server.setServing(true)
    const client = rawClient(address)
    const { seen, stream } = watch(client)
    const { call, answer } = openLogs(rawClient(address))
    const ended = new Promise((resolve) => stream.on('end', resolve))
    call.write(logMessage)
    await expect.poll(() => entries.length).toBe(1)
    const startedMs = Date.now()
    await server.drain({ graceMs: 100, forceMs: 20_000 })
    expect(Date.now() - startedMs).toBeLessThan(5_000)
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(99)
    expect(await answer).toEqual(Buffer.alloc(0))
    await ended
    expect(seen).toEqual([1, 2])
    expect(existsSync(join(folder(), 's.sock'))).toBe(false)
  })

  test('serves as before while Envoy takes notice, and finishes what is in flight', async () => {
    const held = gate()
    const { server, address } = await serve({
      checkMsMax: 5_000,
      authorize: async ({ target }) => {
        if (target === '/slow') await held.opened
        return allow
      },
    })
    const client = clientOf(address, 5_000)
    const slow = client.check({ path: '/slow' })
    const drained = server.drain({ graceMs: 200, forceMs: 5_000 })
    expect(await health(rawClient(address))).toEqual(Buffer.from([8, 2]))
    await expect(client.check()).resolves.toMatchObject({ allowed: true })
    setTimeout(held.open, 300)
    await expect(slow).resolves.toMatchObject({ allowed: true })
    await drained
  })

  test('gives up on a call that never ends', async () => {
    const { server, address } = await serve({ checkMsMax: 10_000, authorize: () => new Promise(() => undefined) })
    const stuck = clientOf(address, 10_000).check()
    const failed = expect(stuck).rejects.toThrow()
    await expect.poll(() => health(rawClient(address))).toEqual(Buffer.from([8, 2]))
    const startedMs = Date.now()
    await Promise.all([server.drain({ graceMs: 0, forceMs: 200 }), server.drain({ graceMs: 0 })])
    expect(Date.now() - startedMs).toBeLessThan(5_000)
    await failed
  })
})
