import { createHash } from 'node:crypto'
import { Fault } from '../../core/fault.ts'
import type { DescriptorStore, SourceFile } from '../import-ports.ts'
import { type ImportOutcome, type ImportWish, importRatelimit } from './import-limits.ts'

/** Who is told what each version of the files came to. */
export interface WatchListener {
  onOutcome(outcome: ImportOutcome): void
  /** The files cannot be read, or the rows not written; what is in force stays. Said once, not at each try. */
  onFault(fault: Fault): void
}

interface WatchWish extends Omit<ImportWish, 'files' | 'isDryRun'> {
  readonly versions: AsyncIterable<readonly SourceFile[] | Fault>
}

/**
 * Imports each version of the files that differs from the one before, until there are no more. A version with a fault changes nothing, and is
 * told once. The database may go away later on, then the version is tried again with the next; at the first one its `Fault` is thrown.
 */
export async function watchRatelimit(
  open: () => Promise<DescriptorStore>,
  { versions, ...how }: WatchWish,
  listener: WatchListener,
): Promise<void> {
  let done: string | undefined
  let said: string | undefined
  for await (const version of versions) {
    const digest = version instanceof Fault ? undefined : digestOf(version)
    if (digest !== undefined && digest === done) continue
    try {
      if (version instanceof Fault) throw version
      const outcome = await importRatelimit(open, { files: version, isDryRun: false, ...how })
      listener.onOutcome(outcome)
      done = digest
      said = undefined
    } catch (error) {
      const isFirst = done === undefined && said === undefined
      if (!(error instanceof Fault) || (isFirst && error.code === 'policy_unavailable')) throw error
      if (error.message !== said) listener.onFault(error)
      said = error.message
      // Only what may pass is tried again with the same files.
      if (error.code !== 'policy_unavailable' && !error.transient) done = digest ?? ''
    }
  }
}

function digestOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256')
  for (const { name, bytes } of files) hash.update(`${name.length} ${bytes.length} ${name}`).update(bytes)
  return hash.digest('hex')
}
