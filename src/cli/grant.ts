import { Command, Option } from 'commander'
import { endGrant } from '../manage/end-grant.ts'
import { giveGrant } from '../manage/give-grant.ts'
import { type ListGrants, listGrants } from '../manage/list-grants.ts'
import { takeBridge } from '../manage/take-bridge.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { type BeneficiaryOptions, namedBeneficiary, parseUntil } from './request-options.ts'
import { beneficiaryOptions, shownGrant, shownGrants } from './shown-request.ts'
import { wholeNumber } from './whole-number.ts'

const actor = { kind: 'operator' } as const

interface ListOptions extends Pick<ListGrants, 'state' | 'project' | 'account' | 'after'> {
  readonly count: number
}

interface GiveOptions extends BeneficiaryOptions {
  readonly limit: string
  readonly amount: string
  readonly until: number
  readonly note?: string
}

export function grantListCommand(context: CliContext): Command {
  return new Command('list')
    .description('who has more of which limit, those that began last first')
    .addOption(new Option('--state <state>', 'only those').choices(['coming', 'running', 'ended']))
    .option('--project <id>', 'only to this project and its accounts')
    .option('--account <id>', 'only what this account has more by')
    .option('--after <place>', 'go on where a page ended, as it said')
    .option('--count <number>', 'at most so many', wholeNumber(1, 1_000), 100)
    .addOption(outputOption())
    .action(async ({ count, state, project, account, after }: ListOptions, command: Command) => {
      const wanted = { actor, countMax: count, state, project, account, after }
      print(context, command, shownGrants(await listGrants(await context.requests(), wanted)))
    })
}

export function grantGiveCommand(context: CliContext): Command {
  const command = new Command('give')
    .description('more of a limit from now on, without a request')
    .requiredOption('--limit <name>', 'of which limit')
    .requiredOption('--amount <number>', 'how much more, in the unit of the limit')
    .requiredOption(
      '--until <time>',
      'for so long, as 12h or 3d, or until an instant as 2026-12-01T00:00:00Z',
      parseUntil,
    )
    .option('--note <text>', 'for people')
  for (const option of beneficiaryOptions()) command.addOption(option)
  return command.addOption(outputOption()).action(async (options: GiveOptions, self: Command) => {
    const { limit: limitName, amount, until: untilMs, note } = options
    const wish = { actor, limitName, for: namedBeneficiary(options), amount, untilMs, note }
    print(context, self, shownGrant(await giveGrant(await context.requests(), wish)))
  })
}

export function grantEndCommand(context: CliContext): Command {
  return new Command('end')
    .description('end a grant now; what was used of it stays used')
    .argument('<id>', 'the grant')
    .addOption(outputOption())
    .action(async (id: string, _: unknown, command: Command) => {
      print(context, command, shownGrant(await endGrant(await context.requests(), { actor, id })))
    })
}

export function grantBridgeCommand(context: CliContext): Command {
  return new Command('bridge')
    .description("take the few percent more that an account's plan allows once per window")
    .requiredOption('--account <id>', 'who takes it')
    .requiredOption('--limit <name>', 'of which quota')
    .addOption(outputOption())
    .action(async ({ account, limit }: { readonly account: string; readonly limit: string }, command: Command) => {
      const taken = await takeBridge(await context.requests(), { actor, account, limitName: limit })
      print(context, command, shownGrant(taken))
    })
}
