import { Command } from 'commander'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { limitJson, limitRows } from './shown-limits.ts'
import { textTable } from './table.ts'

export function quotaStatusCommand(context: CliContext): Command {
  return new Command('status')
    .description('what an account has used of each of its limits')
    .requiredOption('--account <id>', 'whose')
    .addOption(outputOption())
    .action(async ({ account }: { readonly account: string }, command: Command) => {
      const { caller, limits } = await context.quotaStatus({ account })
      // Whether a request fits, and how long it would wait, is a question for `explain`.
      const rows = limitRows(limits).map(({ fits: _fits, ...row }) => row)
      print(context, command, {
        text: textTable(rows, `no limit applies to ${caller.account}`),
        json: { ...caller, limits: limits.map(limitJson) },
      })
    })
}
