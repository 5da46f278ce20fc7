import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { runCommand } from '../../demo/command.ts'
import { untilStatusShows } from '../../demo/status.ts'
import type { World } from '../../demo/world.ts'
import { rootFolder } from '../../scripts/state-folder.ts'
import { metricsOf } from '../support/metrics.ts'
import { addAccount } from '../support/people.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { createWorld } from '../support/world.ts'

const inFlightMax = 16
/** Each way: a store that is far away bounds what can be decided, whatever else this machine does. */
const storeDelayMs = 20

let world: World
let proxy: TcpProxy

beforeAll(async () => {
  const url = new URL(inject('redisUrl'))
  proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  const settings = { TOLLGATE_IN_FLIGHT_MAX: String(inFlightMax), TOLLGATE_LOG_LEVEL: 'info' }
  world = await createWorld({ store: 'redis', redisUrl: url.href, settings })
})

afterAll(async () => {
  await world.stop()
  await proxy.stop()
})

test('ten times as many callers as can be served leave those that are served as many as before', async () => {
  const token = await addAccount(world, 'many')
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every, applies_to_account)
     VALUES ('many-rate', 'many-rate', 'rate', 'requests', 1000000, 1000000, '1 second', 'many')`,
  )
  await untilStatusShows(world, token, '"many-rate"')
  proxy.delay(storeDelayMs)
  const socket = world.settings['TOLLGATE_GRPC_SOCKET'] ?? ''
  const load = await runCommand({
    file: process.execPath,
    args: [join(rootFolder, 'test/outage/support/overload-child.ts'), socket, token, String(inFlightMax)],
    environment: { PATH: process.env['PATH'] ?? '' },
    folder: rootFolder,
    durationMsMax: 60_000,
  })
  proxy.delay(0)
  expect(load.code, load.text).toBe(0)
  const figures = JSON.parse(load.stdout) as Readonly<Record<string, number>>
  const { peakPerSecond = 0, goodputPerSecond = 0, shedP99Ms = 0, shed = 0, recoveredMs = 0 } = figures
  console.log(
    Object.entries({ ...figures, goodputShare: goodputPerSecond / peakPerSecond })
      .map(([name, value]) => `${name} ${value.toFixed(2)}`)
      .join(', '),
  )
  expect(shed).toBeGreaterThan(1_000)
  expect((await metricsOf(world)).sum('tollgate_checks_shed_total')).toBeGreaterThanOrEqual(shed)
  // Figures of a quiet machine are printed: at least 0.9, at most 20 ms, at most 2 s. These bounds hold on a busy one.
  expect(goodputPerSecond).toBeGreaterThan(peakPerSecond / 2)
  expect(shedP99Ms).toBeLessThan(1_000)
  expect(recoveredMs).toBeLessThan(10_000)
}, 120_000)
