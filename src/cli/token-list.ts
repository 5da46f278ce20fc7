import { Command } from 'commander'
import { listTokens } from '../manage/list-tokens.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownTokens } from './shown-token.ts'

export function tokenListCommand(context: CliContext): Command {
  return new Command('list')
    .description('tokens by their hints, newest first')
    .option('--account <id>', "only this account's")
    .addOption(outputOption())
    .action(async ({ account }: { readonly account?: string }, command: Command) => {
      const tokens = await listTokens(await context.manage(), { actor: { kind: 'operator' }, account })
      print(context, command, shownTokens(tokens))
    })
}
