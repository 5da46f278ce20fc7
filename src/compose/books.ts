import type { Pool } from 'pg'
import type { HitStore } from '../check/hit-ports.ts'
import type { HintStream, Seeder } from '../check/ports.ts'
import type { Presence } from '../check/presence.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { createPostgresLedgerStore } from '../postgres/ledger-store.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Drainer } from '../usage/drainer.ts'
import { createLedger, ledgerDefaults } from '../usage/ledger.ts'
import { createLevelWatch } from '../usage/level-watch.ts'
import type { LedgerStore } from '../usage/ports.ts'
import { createSeeder } from '../usage/seeder.ts'
import { createSweeper } from '../usage/sweeper.ts'
import type { Between } from './between.ts'
import type { Database } from './database.ts'
import { openHits } from './hits.ts'
import { startPresence } from './presence.ts'
import { type OpenStore, openMemoryStore, openRedisStore } from './store.ts'
import { warnOfEviction } from './warn-of-eviction.ts'
import { watchStore } from './watch-store.ts'

const seedsInFlightMax = 1_000
const sweepEveryMs = 1_000
const sweepMax = 500
const warmUpBatchesMax = 10

export interface Books {
  readonly store: OpenStore['store']
  readonly hits: HitStore
  readonly seed: Seeder
  readonly presence: Presence
  readonly hints: HintStream | undefined
  /** How long ago the ledger of this process had read everything; undefined: not yet, and never where it does not run. */
  readonly ledgerCaughtUpMsAgo: () => number | undefined
  /** Books what a partition's stream holds now. */
  readonly drain: Drainer
  /**
   * Reads what these partitions hold, so that the first Check of a department finds a checkpoint and an open connection, and is not the one
   * that waits for both. Failures are only told: a Check can do without.
   */
  warmUp(partitions: Iterable<number>): Promise<void>
}

/** Opens the spend store and starts the background roles that carry it into the ledger. */
export async function startBooks(
  started: AsyncDisposableStack,
  given: {
    readonly settings: Settings
    readonly observer: Observer
    readonly database: Database
    readonly pool: Pool
    /** What levels are held against when charges are booked. */
    readonly policy: () => Snapshot | undefined
    readonly installation?: string
    /** PostgreSQL did not answer at the start. */
    readonly isDatabaseAway: boolean
    readonly onLockTaken: () => void
    /** How long the policy in force lets a request be held. */
    readonly holdMsMax: () => number
    readonly warnings?: Set<string>
    readonly between?: Between
  },
): Promise<Books> {
  const { settings, observer, database, holdMsMax, between = {}, warnings = new Set() } = given
  const { REDIS_URL: redisUrl, TOLLGATE_ROLES: roles } = settings
  const open = await (redisUrl === undefined ? openMemoryStore(database.url, given) : openRedisStore(redisUrl, given))
  started.defer(() => open.close())
  if (open.exam !== undefined) warnOfEviction(started, { exam: open.exam, observer, warnings })
  const store = between.store?.(open.store) ?? open.store
  const opened = (await openHits(started, { ...given, warnings })) ?? open.hits
  const hits = between.hits?.(opened) ?? opened
  const { presence, brokeAtMs } = await startPresence(started, { settings, observer, roll: open.roll, holdMsMax })
  watchStore(started, { presence, open, observer, warnings })
  const ledgerStore = openLedgerStore({ ...given, nowMs: () => store.nowMs() })
  const ledger = createLedger({
    ...{ stream: store, store: ledgerStore, seedStore: store, observer },
    settings: {
      ...ledgerDefaults,
      keepEntriesMax: settings.TOLLGATE_STREAM_ENTRIES_MAX,
      nowMs: Date.now,
      ...between.ledger,
    },
  })
  if (roles.includes('ledger')) {
    ledger.start()
    started.defer(async () => {
      await ledger.stop()
      // What the in-process store holds ends with the process, so it is booked before.
      if (redisUrl === undefined)
        await ledger.drainOnce().catch((error: unknown) => observer.warn('last_drain_failed', { error }))
    })
  }
  if (roles.includes('sweeper')) {
    const expire = store.expire.bind(store)
    const sweeper = createSweeper({
      expire,
      nowMs: () => store.nowMs(),
      observer,
      brokeAtMs,
      everyMs: sweepEveryMs,
      countMax: sweepMax,
    })
    sweeper.start()
    started.defer(() => sweeper.stop())
  }
  const seed = createSeeder({
    ...{ store: ledgerStore, seedStore: store, drain: ledger.drain, observer },
    nowMs: () => store.nowMs(),
    inFlightMax: seedsInFlightMax,
  })
  const warmUp = async (partitions: Iterable<number>): Promise<void> => {
    for (const partition of partitions) await ledger.drain(partition, { batchesMax: warmUpBatchesMax })
  }
  return {
    store,
    hits,
    seed,
    presence,
    hints: open.hints,
    ledgerCaughtUpMsAgo: ledger.caughtUpMsAgo,
    drain: ledger.drain,
    warmUp: (partitions) => warmUp(partitions).catch((error: unknown) => observer.warn('warm_up_failed', { error })),
  }
}

/** The books, with a watch on what charges cross. */
function openLedgerStore(given: {
  readonly pool: Pool
  readonly observer: Observer
  readonly policy: () => Snapshot | undefined
  readonly nowMs: () => number
  readonly between?: Between
}): LedgerStore {
  const { pool, observer, policy, nowMs, between = {} } = given
  const books = createPostgresLedgerStore({
    ...{ pool, observer, watch: createLevelWatch({ policy, nowMs }) },
    ...(between.onDrainStep && { onStep: between.onDrainStep }),
  })
  return between.ledgerStore?.(books) ?? books
}
