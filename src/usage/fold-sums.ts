import type { Observer } from '../telemetry/observer.ts'
import { createLoop, type Loop } from './loop.ts'
import type { UsageSums } from './report-ports.ts'

export interface FoldOptions {
  readonly sums: UsageSums
  readonly observer: Observer
  /** Between two rounds that leave nothing to do. */
  readonly everyMs: number
  /** Differences of one transaction. */
  readonly rowsMax: number
}

export const foldDefaults: Pick<FoldOptions, 'everyMs' | 'rowsMax'> = { everyMs: 5_000, rowsMax: 50_000 }

/**
 * Brings the sums of reports up with the books: until they are, reports add what is missing, so nobody waits for this and nothing is wrong
 * without it, only slower.
 */
export function createFold({ sums, observer, everyMs, rowsMax }: FoldOptions): Loop {
  return createLoop({
    step: async () => ((await sums.fold(rowsMax)) < rowsMax ? everyMs : 0),
    onFault: () => observer.count('ledger_upkeep_failures_total'),
    log: { observer, failed: 'usage_fold_failed', again: 'usage_fold_again' },
    backoffMs: everyMs,
    backoffMsMax: 60_000,
  })
}
