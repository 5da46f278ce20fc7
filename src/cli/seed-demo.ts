import { Command } from 'commander'
import type { CliContext } from './ports.ts'

export function seedDemoCommand(context: CliContext): Command {
  return new Command('demo')
    .description('add the demo policy: a department, alice, bob, plans, prices and limits')
    .action(async () => {
      await context.seedDemo()
      context.write('the demo policy is in the database\n')
    })
}
