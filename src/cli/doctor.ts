import { Command } from 'commander'
import { ExitWith } from './exit-with.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'

interface Options {
  readonly account?: string
  readonly afterRestore?: boolean
}

export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .description(
      'hold store, ledger and spool against each other and say what differs; exit code 1 if anything is wrong',
    )
    .option(
      '--account <id>',
      'compare the counters of this account, its project and its department; absent: those that used most',
    )
    .option('--after-restore', 'say too what is to be done after PostgreSQL or Redis was restored, and whether it was')
    .addOption(outputOption())
    .action(async ({ account, afterRestore = false }: Options, command: Command) => {
      const wish = { isAfterRestore: afterRestore, ...(account !== undefined && { account }) }
      const { isHealthy, findings, partitions } = await context.examine(wish)
      const rows = findings.map(({ level, about, sentence }) => ({ '': level, about, finding: sentence }))
      print(context, command, { text: textTable(rows, ''), json: { healthy: isHealthy, findings, partitions } })
      if (!isHealthy) throw new ExitWith(1)
    })
}
