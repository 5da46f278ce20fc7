import type { Command } from 'commander'
import type { ImportWish } from '../policy/imports/import-limits.ts'
import { watchRatelimit } from '../policy/imports/watch-ratelimit.ts'
import { print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownFaults, shownImport } from './shown-import.ts'

interface WatchedFolder extends Omit<ImportWish, 'files' | 'isDryRun'> {
  readonly folder: string
}

/** Imports a folder now and after every change, until the process is told to end; each time it says what it did. */
export async function watchImports(
  context: CliContext,
  { folder, ...how }: WatchedFolder,
  command: Command,
): Promise<void> {
  const versions = (await context.importFiles()).watch(folder, context.ending())
  await watchRatelimit(
    () => context.descriptors(),
    { versions, ...how },
    {
      onOutcome(outcome) {
        if (outcome.ok) print(context, command, shownImport(outcome.plan, false))
        else context.writeError(`${shownFaults(outcome)}tollgate: Nothing is imported, and what is in force stays.\n`)
      },
      onFault({ message }) {
        context.writeError(`tollgate: ${message}: what is in force stays.\n`)
      },
    },
  )
}
