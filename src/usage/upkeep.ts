import type { Observer } from '../telemetry/observer.ts'
import { createLoop, type Loop } from './loop.ts'
import { type BooksUpkeep, type UpkeepStep, upkeepSteps } from './ports.ts'

export interface UpkeepOptions {
  readonly books: BooksUpkeep
  readonly observer: Observer
  /** Between two rounds of all steps. */
  readonly everyMs: number
  /** Until a step goes on that had more to do than one round may. */
  readonly restMs: number
  /** Transactions of one step in one round. */
  readonly batchesMax: number
}

export const upkeepDefaults: Pick<UpkeepOptions, 'everyMs' | 'restMs' | 'batchesMax'> = {
  everyMs: 3_600_000,
  restMs: 5_000,
  batchesMax: 20,
}

/** Failures in a row after which all steps have their turn again: half an hour and more, as the pause between them grows. */
const failuresMax = 12

/**
 * The hourly upkeep of the books: once at start, then every `everyMs`. A step that fails is counted, keeps no other from its turn and is
 * tried again soon; so is one that had more to do.
 */
export function createUpkeep(options: UpkeepOptions): Loop {
  let isStopping = false
  let pending: readonly UpkeepStep[] = upkeepSteps
  let failures = 0
  const loop = createLoop({
    async step() {
      const { more, faults } = await round(pending, { ...options, isStopping: () => isStopping })
      failures = faults.length === 0 ? 0 : failures + 1
      pending = failures > 0 && failures % failuresMax === 0 ? upkeepSteps : more
      if (faults.length > 0) throw faults[0]
      if (pending.length > 0) return options.restMs
      pending = upkeepSteps
      return options.everyMs
    },
    onFault: () => options.observer.count('ledger_upkeep_failures_total'),
    log: { observer: options.observer, failed: 'ledger_upkeep_failed', again: 'ledger_upkeep_again' },
    backoffMs: options.restMs,
    backoffMsMax: 300_000,
  })
  return {
    ...loop,
    stop() {
      isStopping = true
      return loop.stop()
    },
  }
}

/** Answers the steps that have more to do, failed ones among them. */
async function round(
  names: readonly UpkeepStep[],
  options: UpkeepOptions & { readonly isStopping: () => boolean },
): Promise<{ readonly more: readonly UpkeepStep[]; readonly faults: readonly unknown[] }> {
  const more: UpkeepStep[] = []
  const faults: unknown[] = []
  for (const name of names) {
    try {
      if (await hasMore(name, options)) more.push(name)
    } catch (error) {
      more.push(name)
      faults.push(error)
    }
  }
  return { more, faults }
}

/** Another process that is at the same step does it for us. */
async function hasMore(
  name: UpkeepStep,
  { books, observer, batchesMax, isStopping }: UpkeepOptions & { readonly isStopping: () => boolean },
): Promise<boolean> {
  for (let batches = 0; batches < batchesMax; batches += 1) {
    if (isStopping()) return false
    const answer = await books.step(name)
    if (answer === 'busy') return false
    if (name === 'drop_days') observer.count('ledger_days_dropped_total', {}, answer.done)
    if (name === 'coarsen_details') observer.count('ledger_coarsened_total', {}, answer.done)
    if (!answer.hasMore) return false
  }
  return true
}
