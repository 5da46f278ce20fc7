import { Command } from 'commander'
import { isoTime, outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'

export function restoredCommand(context: CliContext): Command {
  return new Command('restored')
    .description('to be run once after PostgreSQL was restored from a backup: policy and charges are read anew')
    .addOption(outputOption())
    .action(async (_options: unknown, command: Command) => {
      const { atMs, history, version } = await context.restored()
      print(context, command, {
        text:
          `Policy version ${version} is read anew by every process, and every charge that the streams still hold is booked again where it is missing.\n` +
          'Counters in Redis are made anew from the books.\n' +
          'See tollgate doctor --after-restore for what is left to do.\n',
        json: { at: isoTime(atMs), history, version },
      })
    })
}
