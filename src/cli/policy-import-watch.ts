import type { ImportWish } from '../policy/imports/import-limits.ts'
import { watchRatelimit } from '../policy/imports/watch-ratelimit.ts'
import { loggedFaults, loggedImport } from './logged-import.ts'
import type { CliContext } from './ports.ts'

interface WatchedFolder extends Omit<ImportWish, 'files' | 'isDryRun'> {
  readonly folder: string
}

/** Imports a folder now and after every change, until the process is told to end; each time it says in the log what it did. */
export async function watchImports(context: CliContext, { folder, ...how }: WatchedFolder): Promise<void> {
  const log = context.log()
  const versions = (await context.importFiles()).watch(folder, context.ending())
  const inForce = 'what was imported before'
  await watchRatelimit(
    () => context.latestDescriptors(),
    { versions, ...how },
    {
      onOutcome(outcome) {
        if (outcome.ok) log.info('limits_imported', { folder, ...loggedImport(outcome.plan) })
        else log.warn('limits_refused', { folder, in_force: inForce, ...loggedFaults(outcome) })
      },
      onFault({ message: reason }) {
        log.warn('limits_not_imported', { folder, in_force: inForce, reason })
      },
    },
  )
}
