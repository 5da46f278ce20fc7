import type { Observer } from '../telemetry/observer.ts'
import { createDrainer, type Drainer } from './drainer.ts'
import { createLoop } from './loop.ts'
import type { ChargeStream, LedgerStore, SeedStore } from './ports.ts'
import { seedOnce } from './seed-once.ts'
import { createTrim } from './trim.ts'
import { createUnread } from './unread.ts'

export interface LedgerSettings {
  readonly nowMs: () => number
  /** Rest between two passes that found nothing. */
  readonly idleMs: number
  /** Entries of one transaction. */
  readonly batchMax: number
  /** Partitions drained at the same time; each takes a database connection. */
  readonly drainsMax: number
  /** Entries stay in the store so long after they are booked. */
  readonly keepMs: number
  /** All streams together hold about so many entries: beyond, booked ones go before `keepMs` is over, the oldest first. */
  readonly keepEntriesMax: number
  readonly trimEveryMs: number
  readonly staleMax: number
}

export const ledgerDefaults: Omit<LedgerSettings, 'nowMs'> = {
  idleMs: 250,
  batchMax: 1_000,
  drainsMax: 4,
  keepMs: 24 * 3_600_000,
  keepEntriesMax: 2_000_000,
  trimEveryMs: 60_000,
  staleMax: 100,
}

export interface LedgerOptions {
  readonly stream: ChargeStream
  readonly store: LedgerStore
  readonly seedStore: SeedStore
  readonly observer: Observer
  readonly settings: LedgerSettings
}

export interface Ledger {
  start(): void
  /** Something was appended: look now. */
  wake(): void
  /** One pass over all partitions, also after `stop`; answers how many entries it booked. Throws the first failure after trying every partition. */
  drainOnce(): Promise<number>
  /** Books what one partition holds, whoever runs the loop. */
  readonly drain: Drainer
  /** How long ago it had read everything; undefined: not yet. */
  caughtUpMsAgo(): number | undefined
  /** Finishes the batches under way. */
  stop(): Promise<void>
}

const batchesMax = 10

/**
 * Carries charges from the store's streams into the books: drain what waits, forget what is long booked, seed what is stale. Exactly once
 * whatever is killed and however many ledgers run (see `LedgerStore`). A failure is counted and tried again, with a growing pause; the loop
 * never ends by itself.
 */
export function createLedger(options: LedgerOptions): Ledger {
  const { stream, store, observer, settings } = options
  const drain = createDrainer({ stream, store, batchMax: settings.batchMax, readMsMax: 1_000 })
  let isStopping = false
  const trim = createTrim(options)
  const startedAtMs = settings.nowMs()
  let caughtUpAtMs: number | undefined
  let trimmedAtMs = settings.nowMs()
  const unread = createUnread({ stream, observer, nowMs: settings.nowMs })
  const behindMs = () => Math.max(0, settings.nowMs() - (caughtUpAtMs ?? startedAtMs))

  async function pass(isStopping: () => boolean): Promise<{ merged: number; isEmpty: boolean }> {
    const beganAtMs = settings.nowMs()
    const checkpoints = await store.checkpoints()
    unread.know(checkpoints)
    const waiting = await stream.waiting(checkpoints)
    const drained = await drainAll({ ...options, drain, isStopping }, waiting)
    if (drained.isEmpty) caughtUpAtMs = beganAtMs
    observer.set('ledger_lag_seconds', behindMs() / 1_000)
    if (drained.isEmpty) unread.none()
    else await unread.count(behindMs(), () => store.checkpoints())
    if (drained.fault !== undefined) throw drained.fault
    if (settings.nowMs() - trimmedAtMs >= settings.trimEveryMs) {
      trimmedAtMs = settings.nowMs()
      await trim()
    }
    await seedStale(options, drain)
    return drained
  }

  /** What waits is told also while the books are away and no pass can begin. */
  async function step(): Promise<number> {
    try {
      return (await pass(() => isStopping)).isEmpty ? settings.idleMs : 0
    } catch (error) {
      await unread.count(behindMs()).catch(() => undefined)
      throw error
    }
  }

  const loop = createLoop({
    step,
    onFault() {
      observer.set('ledger_lag_seconds', behindMs() / 1_000)
      observer.count('ledger_failures_total')
    },
    log: { observer, failed: 'ledger_pass_failed', again: 'ledger_passes_again' },
    backoffMs: settings.idleMs,
    // Short, because the books are expected to be exact again soon after a store is back.
    backoffMsMax: 1_000,
  })
  return {
    start: loop.start,
    wake: loop.wake,
    drain,
    caughtUpMsAgo: () => (caughtUpAtMs === undefined ? undefined : behindMs()),
    drainOnce: async () => (await pass(() => false)).merged,
    async stop() {
      isStopping = true
      await loop.stop()
    },
  }
}

interface DrainAll {
  readonly drain: Drainer
  readonly isStopping: () => boolean
  readonly observer: Observer
  readonly settings: LedgerSettings
}

/** Every partition is tried, at most `drainsMax` at a time, so one that fails holds up no other. */
async function drainAll(options: DrainAll, partitions: readonly number[]) {
  const queue = [...partitions]
  let merged = 0
  let isEmpty = true
  let fault: unknown
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined && !options.isStopping(); next = queue.shift()) {
      try {
        const drained = await options.drain(next, { batchesMax, isStopping: options.isStopping })
        options.observer.count('ledger_entries_total', {}, drained.merged)
        merged += drained.merged
        isEmpty &&= drained.isEmpty
      } catch (error) {
        fault ??= error
        isEmpty = false
      }
    }
  }
  await Promise.all(Array.from({ length: options.settings.drainsMax }, worker))
  return { merged, isEmpty, fault }
}

/** Every stale subject is tried; what is still `behind` after a drain stays stale in the store and is tried in the next pass. */
async function seedStale(
  { stream, store, seedStore, settings, observer }: LedgerOptions,
  drain: Drainer,
): Promise<void> {
  const stale = await stream.stale(settings.staleMax)
  observer.set('stale_subjects', stale.length)
  const faults: unknown[] = []
  for (const { subject, counters } of stale) {
    try {
      const result = await seedOnce({ store, seedStore, drain }, { subject, counters })
      observer.count('seeds_total', { reason: 'stale', result })
    } catch (error) {
      observer.count('seeds_total', { reason: 'stale', result: 'failed' })
      faults.push(error)
    }
  }
  if (faults.length > 0) throw faults[0]
}
