import { Command } from 'commander'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { textList, textTable } from './table.ts'

export function policyShowCommand(context: CliContext): Command {
  return new Command('show')
    .description('print the policy that is in force')
    .addOption(outputOption())
    .action(async (_options: unknown, command: Command) => {
      const listing = await context.policyShow()
      const { version, rows, ...tables } = listing
      const { history: _history, ...parts } = tables
      const texts = Object.entries(parts).map(([name, lines]) => `\n${name}\n${textTable(lines, 'none')}`)
      print(context, command, { text: `version ${version}\n${textList(rows)}${texts.join('')}`, json: listing })
    })
}
