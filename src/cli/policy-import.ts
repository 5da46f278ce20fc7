import { Command, InvalidArgumentError } from 'commander'
import { Fault } from '../core/fault.ts'
import {
  type ImportOutcome,
  type ImportWish,
  importLimitador,
  importRatelimit,
} from '../policy/imports/import-limits.ts'
import type { ImportPlan } from '../policy/imports/plan-import.ts'
import { outputOption, print } from './output.ts'
import { watchImports } from './policy-import-watch.ts'
import type { CliContext } from './ports.ts'
import { shownFaults, shownImport } from './shown-import.ts'

interface Options {
  readonly asReference?: true
  readonly prune?: true
  readonly dryRun?: true
  readonly watch?: true
}

/** `tollgate policy import ratelimit|limitador` */
export function policyImportCommand(context: CliContext): Command {
  return new Command('import')
    .description('limits from the files of other rate limit services')
    .helpCommand(false)
    .addCommand(ratelimitCommand(context))
    .addCommand(limitadorCommand(context))
}

function ratelimitCommand(context: CliContext): Command {
  return new Command('ratelimit')
    .description("write envoyproxy/ratelimit's YAML to descriptor_domain and descriptor_limit, all of it or nothing")
    .argument('<file...>', 'files, folders, or - for the standard input')
    .option('--as-reference', 'count each descriptor for itself and charge refused hits, as envoyproxy/ratelimit does')
    .option('--prune', 'remove imported limits of domains that no file has any more')
    .option('--dry-run', 'only say what would change')
    .option(
      '--watch',
      'of one folder: import it now and after every change, and log what was done, until it is told to end',
    )
    .addOption(outputOption())
    .action(async (paths: readonly string[], options: Options, command: Command) => {
      if (options.watch === true) {
        const { isDryRun, ...how } = wishOf(options)
        return watchImports(context, { folder: watchedFolder(paths, isDryRun), ...how })
      }
      const files = await (await context.importFiles()).read(paths)
      const plan = planned(context, await importRatelimit(() => context.descriptors(), { files, ...wishOf(options) }))
      print(context, command, shownImport(plan, options.dryRun === true))
    })
}

function limitadorCommand(context: CliContext): Command {
  return new Command('limitador')
    .description("write limitador's limits to descriptor_domain and descriptor_limit, all of it or nothing")
    .argument('<file...>', 'files, folders, or - for the standard input')
    .option('--prune', 'remove imported limits of domains that no file has any more')
    .option('--dry-run', 'only say what would change')
    .addOption(outputOption())
    .action(async (paths: readonly string[], options: Options, command: Command) => {
      const files = await (await context.importFiles()).read(paths)
      const { isWhole, isDryRun } = wishOf(options)
      const plan = planned(context, await importLimitador(() => context.descriptors(), { files, isWhole, isDryRun }))
      const { text, json } = shownImport(plan, isDryRun)
      const known =
        'A limit is for descriptors of just these entries in this order: compare with the actions of the routes\n'
      print(context, command, { text: text + known, json })
    })
}

function watchedFolder([folder, ...more]: readonly string[], isDryRun: boolean): string {
  if (folder !== undefined && folder !== '-' && more.length === 0 && !isDryRun) return folder
  throw new InvalidArgumentError('--watch is for one folder, and without --dry-run.')
}

function wishOf({ asReference, prune, dryRun }: Options): Omit<ImportWish, 'files'> {
  return { isAsReference: asReference === true, isWhole: prune === true, isDryRun: dryRun === true }
}

/** What is wrong goes out line by line, as compilers have it, before the sentence that says nothing was done. */
function planned(context: CliContext, outcome: ImportOutcome): ImportPlan {
  if (outcome.ok) return outcome.plan
  const { faultCount } = outcome
  context.writeError(shownFaults(outcome))
  throw new Fault(
    'not_valid',
    `${faultCount === 1 ? 'There is a fault' : `There are ${faultCount} faults`}, so nothing is imported`,
  )
}
