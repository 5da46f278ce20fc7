import { expect, test } from 'vitest'
import { createAccessLogMethod } from '../../src/grpc/access-log-service.ts'
import { createGrpcServer } from '../../src/grpc/server.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createLogClient } from '../rpc/support/log-client.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

test('a log stream whose far end vanished without a word counts as broken, one that is only idle does not', async () => {
  let broken = 0
  let taken = 0
  const method = createAccessLogMethod({
    observer: silentObserver,
    report: async () => {
      taken += 1
    },
    onBroke() {
      broken += 1
    },
  })
  const tcp = { host: '127.0.0.1', port: 0 }
  const server = await createGrpcServer({ methods: [method], listen: { tcp }, observer: silentObserver })
  const [address = ''] = server.addresses
  const proxy = await startTcpProxy(Number(address.split(':')[1]))
  const vanishing = createLogClient(`127.0.0.1:${proxy.port}`)
  const idle = createLogClient(address)
  vanishing.send({})
  idle.send({})
  await expect.poll(() => taken).toBe(2)
  proxy.stall()
  await expect.poll(() => broken, { timeout: 30_000, interval: 200 }).toBe(1)
  // Two keepalives of the other one have passed by now.
  idle.send({})
  await expect.poll(() => taken).toBe(3)
  expect(broken).toBe(1)
  for (const client of [vanishing, idle]) client.close()
  server.close()
  await proxy.stop()
})
