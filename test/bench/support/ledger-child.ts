// A ledger alone in its process:  node test/bench/support/ledger-child.ts DATABASE_URL REDIS_URL once|run watched|plain
// It tells what levels the charges cross, as every ledger does, unless it is `plain`.
// `once` drains until nothing is left and prints {"merged":…,"ms":…}; `run` goes on until SIGTERM and prints every gauge it sets.
import { clock } from '../../../src/compose/clock.ts'
import { createPolicyKeeper } from '../../../src/policy/keeper.ts'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { createPool } from '../../../src/postgres/pool.ts'
import { createRedisSpendStore } from '../../../src/redis/spend-store.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { createLedger, ledgerDefaults } from '../../../src/usage/ledger.ts'
import { createLevelWatch } from '../../../src/usage/level-watch.ts'

const [databaseUrl = '', redisUrl = '', how = 'once', watching = 'watched'] = process.argv.slice(2)
const print = (what: Readonly<Record<string, unknown>>) => process.stdout.write(`${JSON.stringify(what)}\n`)
const observer: Observer = {
  ...silentObserver,
  set: (metric, value) => print({ metric, value }),
  warn: (event, details) => print({ event, error: String(details?.['error']) }),
}
const pool = createPool(databaseUrl, () => undefined)
const spending = createRedisSpendStore({ url: redisUrl, observer: silentObserver, nowMs: Date.now })
await spending.ready()
const policy = createPolicyKeeper({ database: createPostgresPolicyDatabase({ databaseUrl }), observer, clock })
await policy.ready
const watch = createLevelWatch({ policy: policy.current, nowMs: () => spending.nowMs() })
const store = createPostgresLedgerStore({ pool, observer, ...(watching === 'watched' && { watch }) })
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
