import { Command } from 'commander'
import type { CliContext } from './ports.ts'

export function seedPlansCommand(context: CliContext): Command {
  return new Command('plans')
    .description(
      'add plans as they are sold: free, verified, ci, mirror, their limits, and packs for a day and a month',
    )
    .action(async () => {
      await context.seedPlans()
      context.write('the plans are in the database\n')
    })
}
