import { Command } from 'commander'
import { ExitWith } from './exit-with.ts'
import { outputOption, print } from './output.ts'
import type { CliContext, PolicyProblem } from './ports.ts'
import { textTable } from './table.ts'

export function policyCheckCommand(context: CliContext): Command {
  return new Command('check')
    .description('say which rows are not in force and why; exit code 1 if there are any')
    .addOption(outputOption())
    .action(async (_options: unknown, command: Command) => {
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
