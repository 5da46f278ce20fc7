import { randomBytes } from 'node:crypto'
import type { HitStore } from '../check/hit-ports.ts'
import type { HintStream, ProcessRoll, SpendStore } from '../check/ports.ts'
import { Fault } from '../core/fault.ts'
import { partitionCount } from '../core/subject.ts'
import type { StoreExam } from '../doctor/ports.ts'
import { type OpenChargeJournal, openChargeJournal } from '../files/charge-journal.ts'
import { createMemoryHitStore } from '../memory/hit-store.ts'
import { createMemoryProcessRoll } from '../memory/process-roll.ts'
import { createMemorySpendStore } from '../memory/spend-store.ts'
import { takeOneProcessLock } from '../postgres/one-process-lock.ts'
import { createRedisClusterSpendStore } from '../redis/cluster-store.ts'
import { createRedisSpendStore, type RedisSpendStoreOptions } from '../redis/spend-store.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { ChargeStream } from '../usage/ports.ts'

/** Some 150 MB. */
const hitCountersMax = 500_000

const everyPartition = Array.from({ length: partitionCount }, (_, partition) => partition)

/** The spend store of this installation, and how to leave it. */
export interface OpenStore {
  readonly store: SpendStore & ChargeStream
  /** What descriptors count. */
  readonly hits: HitStore
  readonly roll: ProcessRoll
  /** Absent where one process is alone. */
  readonly hints?: HintStream
  /** Whether all of it can be asked now; absent where it is this process itself. */
  readonly isReady?: () => boolean
  /** Whether what must be booked can be kept on disk; absent where nothing is kept there. */
  readonly acceptsCharges?: () => boolean
  /** Looks without touching; absent where nobody but the process itself can look. */
  readonly exam?: StoreExam
  /** Begins a new epoch in every partition; absent where counters end with their process. */
  renew?(): Promise<void>
  close(): Promise<void>
}

/**
 * The configured Redis, connected; while it is away later, every call answers `store_unavailable` at once. `isForHits`: of what is opened only
 * `hits` is used, and it may lose what it counted.
 */
export async function openRedisStore(
  redisUrl: string,
  {
    settings,
    observer,
    installation,
    isLookOnly = false,
    isForHits = false,
  }: Tools & Pick<RedisSpendStoreOptions, 'installation' | 'isLookOnly'> & { readonly isForHits?: boolean },
): Promise<OpenStore> {
  const isCluster = /^rediss?\+cluster:/.test(redisUrl)
  const create = isCluster ? createRedisClusterSpendStore : createRedisSpendStore
  const store = create({
    url: redisUrl,
    // Apart also where both settings lead to one server.
    keyPrefix: `${settings.TOLLGATE_KEY_PREFIX}:${isForHits ? 'hits:' : ''}`,
    observer,
    nowMs: Date.now,
    isLookOnly,
    mayEvict: isForHits,
    ...(installation && { installation }),
  })
  // Without an answer it goes on trying: a start must not depend on the order in which things start.
  await store.ready().catch(async (error: unknown) => {
    if (!(error instanceof Fault) || !error.transient) {
      await store.close()
      throw error
    }
    observer.warn('waiting_for_redis', { error })
  })
  const { roll, hints, hits, exam } = store
  return {
    store,
    hits,
    roll,
    hints,
    exam,
    isReady: () => store.isReady(),
    renew: () => store.renew(everyPartition),
    close: () => store.close(),
  }
}

/** What the store must not forget when its process is killed. */
async function openJournal({ settings, observer }: Tools): Promise<OpenChargeJournal> {
  const { TOLLGATE_DATA_FOLDER: dataFolder, TOLLGATE_CHARGES_MB_MAX: megabytes } = settings
  return openChargeJournal({ dataFolder, bytesMax: megabytes * 1_000_000, observer })
}

interface Tools {
  readonly settings: Settings
  readonly observer: Observer
}

/**
 * The store that counts in this process, alone on its database: a lock keeps a second one out. While PostgreSQL is away it goes on counting;
 * `onLockTaken` is called when another process took the lock meanwhile: whoever holds counters then is no longer alone.
 */
export async function openMemoryStore(
  databaseUrl: string,
  given: Tools & { readonly isDatabaseAway: boolean; readonly onLockTaken: () => void },
): Promise<OpenStore> {
  const { settings, observer, onLockTaken } = given
  const lock = await takeOneProcessLock(databaseUrl, {
    mayWait: given.isDatabaseAway,
    onLost: (error) => observer.warn('lock_lost', { reason: 'Goes on serving and takes it again', error }),
    onHeldAgain: () => observer.info('lock_held_again'),
    onTaken: onLockTaken,
  })
  const areBooked = !settings.TOLLGATE_UNBOOKED
  const journal = areBooked ? await openJournal(given) : undefined
  const store = createMemorySpendStore({
    ...{ nowMs: Date.now, randomText: () => randomBytes(12).toString('hex'), observer, areBooked },
    ...(journal && { journal }),
  })
  const close = async (): Promise<void> => {
    await journal?.close()
    await lock.release()
  }
  const acceptsCharges = journal && (() => journal.accepts)
  const hits = createMemoryHitStore({ nowMs: Date.now, countersMax: hitCountersMax, observer })
  const roll = createMemoryProcessRoll({ nowMs: Date.now })
  return { store, hits, roll, ...(acceptsCharges && { acceptsCharges }), close }
}
