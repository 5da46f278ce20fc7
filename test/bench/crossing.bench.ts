import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { delivererDefaults } from '../../src/alerts/deliver.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import type { DelivererOrders } from '../support/deliverer-child.ts'
import { openChargeFiller } from './support/charge-filler.ts'
import { type Figure, percentileOf } from './support/figure.ts'
import { pin, startPinned } from './support/processes.ts'

const accounts = 400
const chargesPerSecond = 5_000
/** Each account crosses its level at a moment of its own, evenly from the first to the last, seconds. */
const [firstCrossing, lastCrossing] = [4, 20]
const percent = 80
/** What the filler charges on average, millicredits. */
const milliPerCharge = 1_450
const tickMs = 20
const waitMsMax = 30_000
const serverCore = 0
const restCore = 1

/**
 * From a charge to the message: 5,000 charges a second for 400 accounts come into a real Redis; a ledger books them, finds who crosses 80 % of
 * their day and writes the event with the charge, and a deliverer sends it to a webhook of the account. How long it takes from just before the
 * charge that crosses is sent to Redis until the receiver has the message whole.
 */
export async function run(): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack()
  const dataFolder = createScratchFolder('bench-crossing-postgres')
  const database = await startEmbeddedPostgres({ binariesFolder: bundledPostgresFolder, dataFolder, fsync: true })
  stack.defer(() => database.stop())
  const redis = await startRedis({ dataFolder: createScratchFolder('bench-crossing-redis') })
  stack.defer(() => redis.stop())
  await pin(redis.pid, restCore)
  await pin(process.pid, restCore)
  await migrate(database.url)
  const crossings = createCrossings()
  const url = await startReceiver(stack, crossings.received)
  await addPeople(database.url, url)
  const filler = await openChargeFiller(redis.url, { onCharge: crossings.charged })
  stack.defer(() => filler.close())
  const settings = { pollMs: delivererDefaults.pollMs }
  const orders: DelivererOrders = { databaseUrl: database.url, passes: 0, settings }
  for (const [script, words, ready] of [
    ['test/bench/support/ledger-child.ts', [database.url, redis.url, 'run', 'watched'], /"started"/],
    ['test/support/deliverer-child.ts', [JSON.stringify(orders)], /^delivering/m],
  ] as const) {
    const child = await startPinned({ core: serverCore, args: [script, ...words], ready })
    stack.defer(() => child.stop())
  }
  const perSecond = await charge(filler.fill)
  const lags = (await crossings.lags()).toSorted((left, right) => left - right)
  const [min, max] = [percentileOf(lags, 0), percentileOf(lags, 100)]
  return [
    { figure: 'alerts.crossing_ms.median', value: percentileOf(lags, 50), min, max, unit: 'ms' },
    { figure: 'alerts.crossing_ms.max', value: max, min, max, unit: 'ms' },
    { figure: 'alerts.crossing_charges_per_s', value: perSecond, min: perSecond, max: perSecond, unit: '1/s' },
  ]
}

/** In the code unit, so that the account crosses its level at its moment. */
function amountOf(place: number): number {
  const atSeconds = firstCrossing + ((lastCrossing - firstCrossing) * place) / accounts
  return Math.round((atSeconds * chargesPerSecond * milliPerCharge * 100) / accounts / percent)
}

/** 400 accounts, each with a quota and a webhook of its own; the projects and departments around them have quotas that nobody reaches. */
async function addPeople(databaseUrl: string, webhook: string): Promise<void> {
  const sql = new pg.Client({ connectionString: databaseUrl })
  await sql.connect()
  await sql.query(`
    INSERT INTO tollgate.plan (id) VALUES ('free');
    INSERT INTO tollgate.department (id) SELECT 'department-' || n FROM generate_series(0, 15) AS n;
    INSERT INTO tollgate.project (id, department) SELECT 'project-' || n, 'department-' || n % 16 FROM generate_series(0, 79) AS n;
    INSERT INTO tollgate.account (id, project, plan) SELECT 'account-' || n, 'project-' || n % 80, 'free' FROM generate_series(0, ${accounts - 1}) AS n;
    INSERT INTO tollgate.alert_rule (id, percents) VALUES ('bench', '{${percent}}');
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone) VALUES
      ('m', 'month', 'quota', 'credits', 'account', 1000000, 'month', 'UTC'),
      ('p', 'project-day', 'quota', 'credits', 'project', 1000000, 'day', 'UTC'),
      ('d', 'department-month', 'quota', 'credits', 'department', 1000000, 'month', 'UTC')`)
  await sql.query(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone, applies_to_account)
     SELECT 'day-' || n, 'day', 'quota', 'credits', 'account', amount / 1000.0, 'day', 'UTC', 'account-' || n
       FROM unnest($1::int[]) WITH ORDINALITY AS of (amount, place), LATERAL (SELECT place - 1 AS n) AS counted`,
    [Array.from({ length: accounts }, (_, place) => amountOf(place))],
  )
  await sql.query(
    `INSERT INTO tollgate.alert_channel (id, kind, account, target, private_target, types)
     SELECT id, 'webhook', id, $1, true, '{level}' FROM tollgate.account`,
    [webhook],
  )
  await sql.end()
}

/** As many charges as are due, until every account has crossed its level; answers how many a second Redis took. */
async function charge(fill: (count: number) => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  let sent = 0
  while (performance.now() - startedMs < (lastCrossing + 1) * 1_000) {
    const due = Math.floor(((performance.now() - startedMs) * chargesPerSecond) / 1_000)
    if (due > sent) await fill(due - sent)
    sent = due
    await sleep(tickMs)
  }
  return Math.round((sent * 1_000) / (performance.now() - startedMs))
}

/** When each account crossed its level and when its receiver heard of it, by one clock. */
function createCrossings() {
  const used = new Map<string, number>()
  const crossedMs = new Map<string, number>()
  const receivedMs = new Map<string, number>()
  const amounts = new Map(Array.from({ length: accounts }, (_, place) => [`account-${place}`, amountOf(place)]))
  const lagOf = ([account, atMs]: readonly [string, number]): number | undefined => {
    const heardMs = receivedMs.get(account)
    return heardMs === undefined ? undefined : Math.round(heardMs - atMs)
  }
  return {
    charged(account: string, milli: number): void {
      const now = (used.get(account) ?? 0) + milli
      used.set(account, now)
      const isReached = now * 100 >= (amounts.get(account) ?? Number.POSITIVE_INFINITY) * percent
      if (isReached && !crossedMs.has(account)) crossedMs.set(account, performance.now())
    },
    received(account: string): void {
      if (!receivedMs.has(account)) receivedMs.set(account, performance.now())
    },
    /** Of all accounts, once all have been told. */
    async lags(): Promise<readonly number[]> {
      const untilMs = performance.now() + waitMsMax
      while (receivedMs.size < accounts && performance.now() < untilMs) await sleep(tickMs)
      const lags = [...crossedMs].map(lagOf).filter((lag) => lag !== undefined)
      if (lags.length < accounts) throw new Error(`${lags.length} of ${accounts} accounts were told`)
      return lags
    },
  }
}

/** Answers 204 once a message is there whole. */
async function startReceiver(stack: AsyncDisposableStack, onLevel: (account: string) => void): Promise<string> {
  const server = createServer(async (request, response) => {
    const { user } = (await json(request)) as { readonly user: string }
    onLevel(user)
    response.writeHead(204).end()
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
}
