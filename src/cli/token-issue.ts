import { Command } from 'commander'
import { issueToken } from '../manage/issue-token.ts'
import { parseDuration } from './duration.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownIssue } from './shown-token.ts'

interface Options {
  readonly account: string
  readonly lifetime?: number
  readonly note?: string
}

export function tokenIssueCommand(context: CliContext): Command {
  return new Command('issue')
    .description('give an account a new token and show it, once')
    .requiredOption('--account <id>', 'who will call with it')
    .option('--lifetime <time>', "90s, 15m, 12h or 7d; as long as the account's plan allows when absent", parseDuration)
    .option('--note <text>', 'for people')
    .addOption(outputOption())
    .action(async ({ account, lifetime, note }: Options, command: Command) => {
      const wish = { actor: { kind: 'operator' }, account, lifetimeMs: lifetime, note } as const
      print(context, command, shownIssue(await issueToken(await context.manage(), wish)))
    })
}
