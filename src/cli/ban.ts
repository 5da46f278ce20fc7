import { Command, Option } from 'commander'
import { Fault } from '../core/fault.ts'
import { type Ban, type Banned, ban, listBans, unban } from '../manage/ban.ts'
import { parseDuration } from './duration.ts'
import { outputOption, print, shownTime } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'

const actor = { kind: 'operator' } as const

interface Who {
  readonly account?: string
  readonly network?: string
}

interface AddOptions extends Who {
  readonly reason: string
  readonly for?: number
  readonly surface?: 'pypi' | 'gpu'
}

export function banAddCommand(context: CliContext): Command {
  return whom(new Command('add'))
    .description('refuse an account or a network everything; once more changes reason and end')
    .requiredOption('--reason <text>', 'what the banned person reads, one line')
    .option('--for <time>', '90s, 15m, 12h or 7d; until it is removed when absent', parseDuration)
    .addOption(new Option('--surface <name>', 'only there').choices(['pypi', 'gpu']))
    .addOption(outputOption())
    .action(async ({ reason, for: forMs, surface, ...who }: AddOptions, command: Command) => {
      const untilMs = forMs === undefined ? undefined : Date.now() + forMs
      const rest = { ...(untilMs !== undefined && { untilMs }), ...(surface && { surface }) }
      const made = await ban(await context.admin(), { actor, banned: bannedOf(who), reason, ...rest })
      print(context, command, { text: tableOf([made.new]), json: made })
    })
}

export function banRemoveCommand(context: CliContext): Command {
  return whom(new Command('remove'))
    .description('lift a ban')
    .addOption(outputOption())
    .action(async (who: Who, command: Command) => {
      const { old } = await unban(await context.admin(), { actor, banned: bannedOf(who) })
      print(context, command, { text: `Removed:\n${tableOf([old])}`, json: { old } })
    })
}

export function banListCommand(context: CliContext): Command {
  return new Command('list')
    .description('who is refused everything, until when and why')
    .addOption(outputOption())
    .action(async (_: unknown, command: Command) => {
      const bans = await listBans(await context.admin(), { actor })
      print(context, command, { text: tableOf(bans), json: { bans } })
    })
}

function whom(command: Command): Command {
  return command
    .option('--account <id>', 'this account')
    .addOption(new Option('--network <cidr>', 'every caller from here, such as 203.0.113.0/24').conflicts('account'))
}

function bannedOf({ account, network }: Who): Banned {
  if (account !== undefined) return { account }
  if (network !== undefined) return { network }
  throw new Fault('not_valid', 'Name an account by --account, or a network by --network')
}

function tableOf(bans: readonly Ban[]): string {
  const rows = bans.map(({ id, account, network, surface, expiresAt, reason }) => ({
    ...{ id, account, network, surface, until: timeOf(expiresAt), reason },
  }))
  return textTable(rows, 'Nobody is banned')
}

/** As all times are shown; an end that is no instant (infinity) as SQL has it. */
function timeOf(text: string | undefined): string | undefined {
  const atMs = Date.parse(text ?? '')
  return Number.isNaN(atMs) ? text : shownTime(atMs)
}
