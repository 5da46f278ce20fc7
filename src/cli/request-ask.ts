import { Command } from 'commander'
import { requestMore } from '../manage/request-more.ts'
import { withdrawRequest } from '../manage/withdraw-request.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { type BeneficiaryOptions, beneficiaryOf, parseUntil } from './request-options.ts'
import { beneficiaryOptions, shownRequest } from './shown-request.ts'

const actor = { kind: 'operator' } as const

interface Options extends BeneficiaryOptions {
  readonly as: string
  readonly limit: string
  readonly amount: string
  readonly until: number
  readonly reason?: string
}

export function requestAskCommand(context: CliContext): Command {
  const command = new Command('ask')
    .description('ask for more of a limit in the name of an account')
    .requiredOption('--as <id>', 'the account that asks')
    .requiredOption('--limit <name>', 'of which limit')
    .requiredOption('--amount <number>', 'how much more, in the unit of the limit')
    .requiredOption(
      '--until <time>',
      'for so long, as 12h or 3d, or until an instant as 2026-12-01T00:00:00Z',
      parseUntil,
    )
    .option('--reason <text>', 'what for, one line')
  for (const option of beneficiaryOptions()) command.addOption(option)
  return command.addOption(outputOption()).action(async (options: Options, self: Command) => {
    const { as: askedBy, limit: limitName, amount, until: untilMs, reason } = options
    const wish = { actor, askedBy, limitName, for: beneficiaryOf(options), amount, untilMs, reason }
    print(context, self, shownRequest(await requestMore(await context.requests(), wish)))
  })
}

export function requestWithdrawCommand(context: CliContext): Command {
  return new Command('withdraw')
    .description('take an open request back')
    .argument('<id>', 'the request')
    .addOption(outputOption())
    .action(async (id: string, _: unknown, command: Command) => {
      print(context, command, shownRequest(await withdrawRequest(await context.requests(), { actor, id })))
    })
}
