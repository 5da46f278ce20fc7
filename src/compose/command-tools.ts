import type { Pool } from 'pg'
import type { Look } from '../check/look.ts'
import { createLook } from '../check/look.ts'
import type { HeatSource } from '../check/ports.ts'
import { Fault } from '../core/fault.ts'
import type { StoreExam } from '../doctor/ports.ts'
import { readPolicy } from '../policy/read-policy.ts'
import type { PolicySnapshot } from '../policy/snapshot.ts'
import { createPostgresLedgerStore } from '../postgres/ledger-store.ts'
import { createPostgresPolicyDatabase } from '../postgres/policy-database.ts'
import { createPool } from '../postgres/pool.ts'
import { readResourceHeat } from '../postgres/resource-heat.ts'
import { readStoreMeta } from '../postgres/store-meta.ts'
import type { Settings } from '../settings.ts'
import { silentObserver } from '../telemetry/observer.ts'
import { createDrainer } from '../usage/drainer.ts'
import { heatsOf } from '../usage/heat.ts'
import { ledgerDefaults } from '../usage/ledger.ts'
import { createLevelWatch } from '../usage/level-watch.ts'
import { lookAtBooks } from '../usage/look-at-books.ts'
import { createSeeder } from '../usage/seeder.ts'
import { type Database, hasDatabase, openDatabase, runningDatabaseUrl } from './database.ts'
import { createLatest } from './latest.ts'
import { type OpenStore, openRedisStore } from './store.ts'

/** What an operator's command may need, opened once on first use. */
export interface CommandTools {
  databaseUrl(): Promise<string>
  pool(): Promise<Pool>
  /** The same for what goes on for long: asks anew where the database runs, and starts none. Throws `policy_unavailable` when none runs. */
  latestPool(): Promise<Pool>
  /** The policy as the database has it now. */
  snapshot(): Promise<PolicySnapshot>
  look(): Promise<Look>
  /** Looks into Redis; undefined for counters inside a running process. */
  exam(): Promise<StoreExam | undefined>
  /** Looks into the Redis that counts hits and nothing else; undefined where there is none. */
  hitsExam(): Promise<StoreExam | undefined>
  /** Counters in Redis become cold and are seeded anew from the books; nothing for those inside a running process. */
  renewCounters(): Promise<void>
  /** What is in demand, as the database has it now. */
  heats(): Promise<HeatSource>
  close(): Promise<void>
}

export function createCommandTools(settings: Settings): CommandTools {
  const opened = new AsyncDisposableStack()
  const database = once(async (): Promise<Database> => {
    const found = await openDatabase(settings)
    opened.defer(() => found.close())
    return found
  })
  const pool = once(async () => {
    const made = createPool((await database()).url, () => undefined)
    opened.defer(() => made.end())
    return made
  })
  const latest = createLatest({
    find: () => runningDatabaseUrl(settings),
    open: (url) => createPool(url, () => undefined),
    close: (made) => made.end(),
  })
  opened.defer(() => latest.close())
  const snapshot = once(async () => {
    const policies = createPostgresPolicyDatabase({ databaseUrl: (await database()).url })
    opened.defer(() => policies.close())
    return readPolicy(policies)
  })
  const redis = once(async (): Promise<OpenStore | undefined> => {
    if (settings.REDIS_URL === undefined) return undefined
    const { installation } = await readStoreMeta(await pool())
    const found = await openRedisStore(settings.REDIS_URL, { settings, observer: silentObserver, installation })
    opened.defer(() => found.close())
    return found
  })
  const lookInto = async (url: string | undefined, isForHits: boolean): Promise<StoreExam | undefined> => {
    if (url === undefined) return undefined
    // Without PostgreSQL nobody says whose store it should be, and it is looked into all the same.
    const installation = hasDatabase(settings) ? await installationNow(await pool()) : undefined
    const given = {
      settings,
      observer: silentObserver,
      isLookOnly: true,
      isForHits,
      ...(installation && { installation }),
    }
    const found = await openRedisStore(url, given)
    opened.defer(() => found.close())
    return found.exam
  }
  return {
    databaseUrl: async () => (await database()).url,
    pool,
    latestPool: () => latest.get(),
    snapshot,
    heats: once(async () => heatsOf(await readResourceHeat(await pool()))),
    exam: once(() => lookInto(settings.REDIS_URL, false)),
    hitsExam: once(() => lookInto(settings.TOLLGATE_HITS_REDIS_URL, true)),
    renewCounters: async () => (await redis())?.renew?.(),
    look: once(async () => lookOf({ pool: await pool(), redis: await redis(), policy: await snapshot() })),
    close: () => opened.disposeAsync(),
  }
}

interface Looking {
  readonly pool: Pool
  readonly redis: OpenStore | undefined
  readonly policy: PolicySnapshot
}

/** Redis is asked itself; counters inside a running process cannot be, so the books answer for them. */
function lookOf({ pool, redis, policy }: Looking): Look {
  // To look may be to book what a store holds, and then levels are told like anywhere else.
  const watch = createLevelWatch({ policy: () => policy, nowMs: () => redis?.store.nowMs() ?? Date.now() })
  const books = createPostgresLedgerStore({ pool, observer: silentObserver, watch })
  if (redis === undefined) {
    return async (linesAt) => {
      const at = Date.now()
      const lines = linesAt(at)
      return { lines, states: await lookAtBooks(books, lines, at), at }
    }
  }
  const { store } = redis
  const drain = createDrainer({ stream: store, store: books, batchMax: ledgerDefaults.batchMax, readMsMax: 1_000 })
  const seed = createSeeder({
    ...{ store: books, seedStore: store, drain, observer: silentObserver, inFlightMax: 100 },
    nowMs: () => store.nowMs(),
  })
  return createLook({ store, seed })
}

async function installationNow(pool: Pool): Promise<string | undefined> {
  try {
    return (await readStoreMeta(pool)).installation
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
