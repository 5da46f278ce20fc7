import type { Checkpoint } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import type { ChargeStream, LedgerStore } from './ports.ts'

export interface DrainerOptions {
  readonly stream: ChargeStream
  readonly store: LedgerStore
  /** Entries of one transaction. */
  readonly batchMax: number
  /** How long one read of the stream may take while the partition is locked, milliseconds. */
  readonly readMsMax: number
}

export interface Drained {
  readonly merged: number
  readonly checkpoint: Checkpoint
  /** False when `batchesMax` were read and there may be more. */
  readonly isEmpty: boolean
}

/** Books what one partition's stream holds, batch by batch, at most `batchesMax`; ends after the batch under way once `isStopping`. */
export type Drainer = (
  partition: number,
  bounds: { readonly batchesMax: number; readonly isStopping?: () => boolean },
) => Promise<Drained>

export function createDrainer({ stream, store, batchMax, readMsMax }: DrainerOptions): Drainer {
  const read = (partition: number) => (checkpoint: Checkpoint | undefined) =>
    within(readMsMax, stream.charges({ partition, checkpoint, countMax: batchMax }))
  return async (partition, { batchesMax, isStopping }) => {
    let last = await store.drain(partition, read(partition))
    let merged = last.merged
    for (let batches = 1; last.merged >= batchMax && batches < batchesMax && !isStopping?.(); batches += 1) {
      last = await store.drain(partition, read(partition))
      merged += last.merged
    }
    return { merged, checkpoint: last.checkpoint, isEmpty: last.merged < batchMax }
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const fault = new Fault('store_unavailable', `The charge stream did not answer within ${ms} ms`, {
      transient: true,
    })
    timer = setTimeout(() => reject(fault), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
