import { Command, Option } from 'commander'
import { ExitWith } from './exit-with.ts'
import { outputOption, print } from './output.ts'
import { checkedFormats, checkFiles } from './policy-check-files.ts'
import type { CliContext, PolicyProblem } from './ports.ts'
import { textTable } from './table.ts'

interface Options {
  readonly format: string
  readonly asReference?: true
}

export function policyCheckCommand(context: CliContext): Command {
  return new Command('check')
    .description('say which rows are not in force and why, or what is wrong with files; exit code 1 if anything is')
    .argument('[file...]', 'files or folders to be imported, which are looked at instead, without a database')
    .addOption(new Option('--format <name>', 'what the files are of').choices(checkedFormats).default('ratelimit'))
    .option('--as-reference', 'with files: also what an import with --as-reference refuses')
    .addOption(outputOption())
    .action(async (paths: readonly string[], { format, asReference }: Options, command: Command) => {
      if (paths.length > 0) {
        const files = await (await context.importFiles()).read(paths)
        const { isGood, ...result } = checkFiles({ files, format, isAsReference: asReference === true })
        print(context, command, result)
        if (!isGood) throw new ExitWith(1)
        return
      }
      const { version, problems } = await context.policyCheck()
      const good = `version ${version}: every row is in force`
      const json = { version, problems: problems.map(shownProblem) }
      print(context, command, { text: textTable(problems.map(shownProblem), good), json })
      if (problems.length > 0) throw new ExitWith(1)
    })
}

function shownProblem({ table, key, reason, inForce }: PolicyProblem) {
  return { table, key, 'in force': inForce, reason }
}
