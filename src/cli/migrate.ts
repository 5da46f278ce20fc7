import { Command } from 'commander'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'

export function migrateCommand(context: CliContext): Command {
  return new Command('migrate')
    .description('bring the database up to this release; does nothing when it is')
    .addOption(outputOption())
    .action(async (_options: unknown, command: Command) => {
      const { applied, alreadyThere } = await context.migrate()
      const done = applied.map((name) => `applied ${name}\n`).join('')
      const text = applied.length > 0 ? done : `up to date with ${alreadyThere.length} migrations\n`
      print(context, command, { text, json: { applied, already_there: alreadyThere } })
    })
}
