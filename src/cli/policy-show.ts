import { Command } from 'commander'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'

export function policyShowCommand(context: CliContext): Command {
  return new Command('show')
    .description('print the policy that is in force')
    .addOption(outputOption())
    .action(async (_options: unknown, command: Command) => {
      const { version, tables } = await context.policyShow()
      const texts = Object.entries(tables).map(
        ([name, rows]) => `${name}\n${textTable(rows.map(withoutNull), 'no rows')}`,
      )
      print(context, command, { text: `version ${version}\n\n${texts.join('\n')}`, json: { version, ...tables } })
    })
}

function withoutNull<T>(row: Readonly<Record<string, T | null>>): Readonly<Record<string, T | undefined>> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? undefined]))
}
