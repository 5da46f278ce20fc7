// A ledger in a process of its own that kills itself (SIGKILL, nothing is cleaned up) at the step it is told, or stops there (SIGSTOP) until
// somebody lets it go on, and then drains what is left:
//   node test/support/ledger-child.ts '{"databaseUrl":…,"redisUrl":…,"keyPrefix":…,"dieAt":"merged"}'
import pg from 'pg'
import { clock } from '../../src/compose/clock.ts'
import { createPolicyKeeper } from '../../src/policy/keeper.ts'
import { createPostgresLedgerStore } from '../../src/postgres/ledger-store.ts'
import { createPostgresPolicyDatabase } from '../../src/postgres/policy-database.ts'
import { createRedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver as observer } from '../../src/telemetry/observer.ts'
import { createLedger, ledgerDefaults } from '../../src/usage/ledger.ts'
import { createLevelWatch } from '../../src/usage/level-watch.ts'

interface Orders {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly keyPrefix: string
  readonly dieAt?: string
  readonly freezeAt?: string
}

const { databaseUrl, redisUrl, keyPrefix, dieAt, freezeAt } = JSON.parse(process.argv[2] ?? '{}') as Orders
let isFrozenOnce = false
const dieIf = (step: string) => {
  if (step === dieAt) process.kill(process.pid, 'SIGKILL')
  if (step !== freezeAt || isFrozenOnce) return
  isFrozenOnce = true
  process.kill(process.pid, 'SIGSTOP')
}

const pool = new pg.Pool({ connectionString: databaseUrl })
pool.on('error', () => undefined)
const spending = createRedisSpendStore({ url: redisUrl, observer, nowMs: Date.now, keyPrefix })
await spending.ready()
const policy = createPolicyKeeper({ database: createPostgresPolicyDatabase({ databaseUrl }), observer, clock })
await policy.ready
const watch = createLevelWatch({ policy: policy.current, nowMs: () => spending.nowMs() })
const store = createPostgresLedgerStore({ pool, observer, watch, onStep: dieIf })
const ledger = createLedger({
  stream: {
    charges: spending.charges,
    waiting: spending.waiting,
    stale: spending.stale,
    async trim(upTo) {
      dieIf('trim')
      return spending.trim(upTo)
    },
  },
  store: {
    ...store,
    async figures(subject, counters) {
      const seed = await store.figures(subject, counters)
      dieIf('figures')
      return seed
    },
  },
  seedStore: {
    async seed(seed) {
      dieIf('seed')
      const answer = await spending.seed(seed)
      dieIf('seeded')
      return answer
    },
  },
  observer,
  // Trims in every pass, and batches so small that a step is met in the middle of the work.
  settings: { ...ledgerDefaults, nowMs: Date.now, batchMax: 3, trimEveryMs: 0, keepMs: 0 },
})
// Whoever was frozen finds its connection cut and its batch booked by others: that drain fails, the next one goes on.
for (let merged = 1; merged > 0; ) merged = await ledger.drainOnce().catch(() => (isFrozenOnce ? 1 : 0))
process.exit(7)
