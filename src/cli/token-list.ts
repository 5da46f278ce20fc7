import { Command } from 'commander'
import { listTokens } from '../manage/list-tokens.ts'
import type { ListedToken, ManageTools } from '../manage/ports.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownTokens } from './shown-token.ts'

const pageRows = 1_000

export function tokenListCommand(context: CliContext): Command {
  return new Command('list')
    .description('tokens by their hints, newest first')
    .option('--account <id>', "only this account's")
    .addOption(outputOption())
    .action(async ({ account }: { readonly account?: string }, command: Command) => {
      print(context, command, shownTokens(await all(await context.manage(), account)))
    })
}

async function all(tools: ManageTools, account: string | undefined): Promise<readonly ListedToken[]> {
  const tokens: ListedToken[] = []
  let after: string | undefined
  do {
    const page = await listTokens(tools, { actor: { kind: 'operator' }, account, after, countMax: pageRows })
    tokens.push(...page.rows)
    after = page.next
  } while (after !== undefined)
  return tokens
}
