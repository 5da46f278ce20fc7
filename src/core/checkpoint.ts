import type { Checkpoint } from './charge.ts'

/** Whether a checkpoint says anything about a stream of this epoch; of any other the stream is read from its start, which merging makes safe. */
export function isOfEpoch(checkpoint: Checkpoint | undefined, epoch: string): checkpoint is Checkpoint {
  return checkpoint?.epoch === epoch
}

/**
 * Whether figures that hold at a checkpoint can be carried on to now: it must be of this epoch and not lie before the first position from
 * which every charge is still there. Otherwise a seed is `behind`.
 */
export function isSeedable(
  checkpoint: Checkpoint | undefined,
  stream: { readonly epoch: string; readonly isBefore: (position: string) => boolean },
): checkpoint is Checkpoint {
  return isOfEpoch(checkpoint, stream.epoch) && !stream.isBefore(checkpoint.position)
}
