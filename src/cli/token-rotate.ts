import { Command, Option } from 'commander'
import { rotateToken } from '../manage/rotate-token.ts'
import { parseDuration } from './duration.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownIssue } from './shown-token.ts'

interface Options {
  readonly overlap: number
  readonly lifetime?: number
}

export function tokenRotateCommand(context: CliContext): Command {
  return new Command('rotate')
    .description('replace a token by a new one of the same account')
    .argument('<id>', 'the token that runs out')
    .addOption(
      new Option('--overlap <time>', 'how long the old one still works: 90s, 15m, 12h, and 7d at most')
        .argParser(parseDuration)
        .default(3_600_000, '1h'),
    )
    .option('--lifetime <time>', "of the new one; as long as the account's plan allows when absent", parseDuration)
    .addOption(outputOption())
    .action(async (id: string, { overlap, lifetime }: Options, command: Command) => {
      const wish = { actor: { kind: 'operator' }, id, overlapMs: overlap, lifetimeMs: lifetime } as const
      const issued = await rotateToken(await context.manage(), wish)
      print(context, command, shownIssue(issued, { replaces: id }))
    })
}
