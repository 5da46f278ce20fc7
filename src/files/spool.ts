import { join } from 'node:path'
import type { Spool } from '../check/ports.ts'
import type { Report, ReportAnswer } from '../core/charge.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createAside } from './aside.ts'
import { Journal } from './journal.ts'
import { openProcessFolder, type ProcessFolder } from './process-folder.ts'
import { Replay } from './replay.ts'
import { encodeSpooled } from './spooled.ts'

export interface SpoolOptions {
  /** The data folder; the spools of all processes are in `spool/` of it. */
  readonly dataFolder: string
  readonly report: (report: Report) => Promise<ReportAnswer>
  /** The store's clock. */
  readonly storeNowMs: () => number
  readonly nowMs: () => number
  readonly observer: Observer
  /** Of this process's files together. */
  readonly bytesMax: number
  /** Between two looks for the spools of processes that have ended. */
  readonly adoptEveryMs?: number
}

const adoptEveryMsDefault = 3_000
const stopMsMax = 2_000
/** Of the bound: the rest is for the ends of what passed, each a little longer than its beginning. */
const openShare = 0.4

/**
 * Opens a spool of this process's own and adopts those of processes that have ended, now and every few seconds. The file is the queue: memory
 * holds one batch and at most 1,000 reports that must wait. Throws a `Fault` of code `settings_invalid` when the folder cannot be used.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { observer, nowMs, bytesMax } = options
  const folder = await openProcessFolder(join(options.dataFolder, 'spool'))
  const aside = createAside(options.dataFolder)
  const journal = new Journal({ folder: folder.path, journal: 'spool', bytesMax, writesAtOnce: true, aside, observer })
  const replay = new Replay({ ...options, journal, aside })
  let adopting = adoptLeft({ folder, journal, replay, observer })
  await adopting
  const adopt = (): void => {
    adopting = adopting.then(() => adoptLeft({ folder, journal, replay, observer }))
  }
  const accepts = (): boolean => journal.accepts && journal.bytes <= bytesMax * openShare
  const timer = setInterval(adopt, options.adoptEveryMs ?? adoptEveryMsDefault).unref()
  return {
    add(report, hold) {
      const fits = report.state === 'final' || accepts()
      const isKept = fits && journal.append(encodeSpooled({ report, sinceMs: nowMs(), ...hold }))
      if (isKept) replay.added()
      else observer.count('reports_dropped_total', { reason: report.state === 'final' ? 'full' : 'interim' })
      return isKept
    },
    accepts,
    size: () => replay.size,
    async stop() {
      clearInterval(timer)
      await adopting
      await journal.flush()
      await replay.stop(stopMsMax)
      await journal.close()
      await folder.close()
    },
  }
}

interface Adopting {
  readonly folder: ProcessFolder
  readonly journal: Journal
  readonly replay: Replay
  readonly observer: Observer
}

async function adoptLeft({ folder, journal, replay, observer }: Adopting): Promise<void> {
  try {
    for (const path of await folder.findLeft()) {
      const segment = await journal.adopt(path)
      if (segment === undefined) continue
      observer.count('spool_adopted_total', {}, segment.records)
      observer.info('spool_adopted', { from: path, reports: segment.records })
      replay.adopted(segment.records)
    }
    await folder.tidy()
  } catch (error) {
    observer.warn('spool_not_adopted', { error })
  }
}
