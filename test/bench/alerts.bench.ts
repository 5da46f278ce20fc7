import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import type pg from 'pg'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { delivererDefaults } from '../../src/alerts/deliver.ts'
import { addAlertEvents } from '../../src/postgres/alert-events.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createPool } from '../../src/postgres/pool.ts'
import type { DelivererOrders } from '../support/deliverer-child.ts'
import { type Figure, figureOf, percentileOf } from './support/figure.ts'
import { pin, startPinned } from './support/processes.ts'

const channels = 50
const dead = 5
const alerts = 10_000
const batch = 500
const idleAlerts = 40
const waitMsMax = 180_000
const delivererCore = 0
const restCore = 1

/**
 * 10,000 alerts, each to one of 50 channels, of which 5 are dead (3 refuse, 2 never answer): how long until the living have theirs, from the
 * event's row to the request at its receiver; and the same for single alerts while nothing else happens.
 */
export async function run(): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack()
  const dataFolder = createScratchFolder('bench-alerts-postgres')
  const database = await startEmbeddedPostgres({ binariesFolder: bundledPostgresFolder, dataFolder, fsync: true })
  stack.defer(() => database.stop())
  await pin(process.pid, restCore)
  await migrate(database.url)
  const pool = createPool(database.url, () => {})
  stack.defer(() => pool.end())
  const receiver = await startReceiver(stack)
  await addChannels(pool, { living: receiver.url, hanging: await startHanging(stack) })
  const { pollMs } = delivererDefaults
  const orders: DelivererOrders = { databaseUrl: database.url, passes: 0, settings: { pollMs } }
  const deliverer = await startPinned({
    core: delivererCore,
    args: ['test/support/deliverer-child.ts', JSON.stringify(orders)],
    ready: /^delivering/m,
  })
  stack.defer(() => deliverer.stop())

  const living = channels - dead
  await write(
    pool,
    Array.from({ length: alerts }, (_, place) => ({ key: `k${place}`, account: `a${place % channels}` })),
  )
  const lags = await receiver.lagsOf(pool, (alerts * living) / channels)
  await pool.query('DELETE FROM tollgate.alert_event')
  receiver.forget()
  const idle: number[] = []
  for (let place = 0; place < idleAlerts; place += 1) {
    await write(pool, [{ key: `idle${place}`, account: `a${dead + place}` }])
    await receiver.countOf(place + 1)
  }
  idle.push(...(await receiver.lagsOf(pool, idleAlerts)))
  const sorted = lags.toSorted((left, right) => left - right)
  const [median, max] = [percentileOf(sorted, 50), percentileOf(sorted, 100)]
  return [
    { figure: 'alerts.lag_ms.max', value: max, min: percentileOf(sorted, 0), max, unit: 'ms' },
    { figure: 'alerts.lag_ms.median', value: median, min: percentileOf(sorted, 0), max, unit: 'ms' },
    figureOf('alerts.idle_lag_ms', 'ms', idle),
  ]
}

async function addChannels(
  pool: pg.Pool,
  { living, hanging }: { readonly living: string; readonly hanging: string },
): Promise<void> {
  await pool.query(`INSERT INTO tollgate.plan (id) VALUES ('free'); INSERT INTO tollgate.department (id) VALUES ('d');
    INSERT INTO tollgate.project (id, department) VALUES ('p', 'd')`)
  await pool.query(
    `INSERT INTO tollgate.account (id, project, plan) SELECT 'a' || n, 'p', 'free' FROM generate_series(0, $1::int - 1) n`,
    [channels],
  )
  await pool.query(
    `INSERT INTO tollgate.alert_channel (id, kind, account, target, private_target)
     SELECT 'c' || n, 'webhook', 'a' || n, CASE WHEN n < 3 THEN 'http://127.0.0.1:1/' WHEN n < $2 THEN $4 ELSE $3 END, true
       FROM generate_series(0, $1::int - 1) n`,
    [channels, dead, living, hanging],
  )
}

async function write(
  pool: pg.Pool,
  events: readonly { readonly key: string; readonly account: string }[],
): Promise<void> {
  for (let from = 0; from < events.length; from += batch)
    await addAlertEvents(
      pool,
      events.slice(from, from + batch).map((event) => ({ ...event, type: 'level', level: 'warning', percent: 80 })),
    )
}

/** Takes connections and never answers. */
async function startHanging(stack: AsyncDisposableStack): Promise<string> {
  const server = createTcpServer((socket) => socket.on('error', () => undefined))
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  stack.defer(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** Answers 204 and remembers when each event came first. */
async function startReceiver(stack: AsyncDisposableStack) {
  const arrivals = new Map<string, number>()
  let awaited: { readonly count: number; readonly resolve: () => void } | undefined
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id'])
    if (!arrivals.has(id)) arrivals.set(id, Date.now())
    request.resume()
    response.writeHead(204).end()
    if (awaited !== undefined && arrivals.size >= awaited.count) awaited.resolve()
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const countOf = async (count: number): Promise<void> => {
    if (arrivals.size >= count) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error(`${arrivals.size} of ${count} alerts came`)), waitMsMax)
    awaited = { count, resolve }
    await promise.finally(() => clearTimeout(timer))
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    countOf,
    forget: () => arrivals.clear(),
    /** Milliseconds from each event's row to its arrival, once so many have come. */
    async lagsOf(pool: pg.Pool, count: number): Promise<readonly number[]> {
      await countOf(count)
      const { rows } = await pool.query<{ id: string; at: Date }>('SELECT id, at FROM tollgate.alert_event')
      return rows.flatMap(({ id, at }) => {
        const atMs = arrivals.get(id)
        return atMs === undefined ? [] : [Math.max(0, atMs - at.getTime())]
      })
    },
  }
}
