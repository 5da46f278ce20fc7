// A ledger alone in its process:  node test/bench/support/ledger-child.ts DATABASE_URL REDIS_URL once|run
// `once` drains until nothing is left and prints {"merged":…,"ms":…}; `run` goes on until SIGTERM and prints every gauge it sets.
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { createPool } from '../../../src/postgres/pool.ts'
import { createRedisSpendStore } from '../../../src/redis/spend-store.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { createLedger, ledgerDefaults } from '../../../src/usage/ledger.ts'

const [databaseUrl = '', redisUrl = '', how = 'once'] = process.argv.slice(2)
const print = (what: Readonly<Record<string, unknown>>) => process.stdout.write(`${JSON.stringify(what)}\n`)
const observer: Observer = {
  ...silentObserver,
  set: (metric, value) => print({ metric, value }),
  warn: (event, details) => print({ event, error: String(details?.['error']) }),
}
const pool = createPool(databaseUrl, () => undefined)
const spending = createRedisSpendStore({ url: redisUrl, observer: silentObserver, nowMs: Date.now })
await spending.ready()
const store = createPostgresLedgerStore({ pool, observer: silentObserver })
const settings = { ...ledgerDefaults, nowMs: Date.now }
const ledger = createLedger({ stream: spending, store, seedStore: spending, observer, settings })
if (how === 'once') {
  const startedMs = performance.now()
  const startedCpu = process.cpuUsage()
  let merged = 0
  for (let last = 1; last > 0; merged += last) last = await ledger.drainOnce()
  const cpu = process.cpuUsage(startedCpu)
  print({ merged, ms: performance.now() - startedMs, cpuMs: (cpu.user + cpu.system) / 1_000 })
  process.exit(0)
}
ledger.start()
print({ event: 'started' })
process.once('SIGTERM', () => void ledger.stop().then(() => process.exit(0)))
