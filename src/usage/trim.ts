import type { Observer } from '../telemetry/observer.ts'
import type { ChargeStream, LedgerStore } from './ports.ts'

export interface TrimOptions {
  readonly stream: ChargeStream
  readonly store: LedgerStore
  readonly observer: Observer
  readonly settings: { readonly keepMs: number; readonly keepEntriesMax: number }
}

/** However many entries there are, the last minute stays: a standby of the database that takes over lags seconds behind. */
const keepMsMin = 60_000
/** One round shortens a day to some minutes. */
const triesMax = 8

/**
 * Forgets what is booked and older than `keepMs`. When all streams together still hold more than `keepEntriesMax`, that time is shortened until
 * they do not, for all partitions alike, and grows again when there is room. Nothing that is not booked is forgotten.
 */
export function createTrim({ stream, store, observer, settings }: TrimOptions): () => Promise<void> {
  let keepMs = settings.keepMs
  return async () => {
    for (let tries = 0; tries < triesMax; tries += 1) {
      const checkpoints = await store.checkpoints()
      let trimmed = 0
      for (const checkpoint of checkpoints) trimmed += await stream.trim({ checkpoint, keepMs })
      observer.count('ledger_trimmed_total', {}, trimmed)
      const held = (await stream.sizes?.(checkpoints))?.held ?? 0
      observer.set('ledger_kept_entries', held)
      const isOver = held > settings.keepEntriesMax && keepMs > keepMsMin
      if (!isOver) break
      keepMs = Math.max(keepMsMin, Math.floor((keepMs * 0.9 * settings.keepEntriesMax) / held))
    }
    keepMs = Math.min(settings.keepMs, Math.ceil(keepMs * 1.05))
  }
}
