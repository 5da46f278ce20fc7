import { Command } from 'commander'
import { decideRequest } from '../manage/decide-request.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { parseUntil } from './request-options.ts'
import { shownRequest } from './shown-request.ts'

const actor = { kind: 'operator' } as const

interface Options {
  readonly amount?: string
  readonly until?: number
  readonly note?: string
}

export function requestApproveCommand(context: CliContext): Command {
  return new Command('approve')
    .description('grant what is asked, or less; in force within a second')
    .argument('<id>', 'the request')
    .option('--amount <number>', 'less than is asked')
    .option('--until <time>', 'shorter than is asked: 12h, 3d or an instant as 2026-12-01T00:00:00Z', parseUntil)
    .option('--note <text>', 'what the asker reads, one line')
    .addOption(outputOption())
    .action(async (id: string, { amount, until, note }: Options, command: Command) => {
      const decision = { decision: 'approve', amount, untilMs: until, note } as const
      print(context, command, shownRequest(await decideRequest(await context.requests(), { actor, id, ...decision })))
    })
}

export function requestDeclineCommand(context: CliContext): Command {
  return new Command('decline')
    .description('say no')
    .argument('<id>', 'the request')
    .option('--note <text>', 'what the asker reads, one line')
    .addOption(outputOption())
    .action(async (id: string, { note }: Options, command: Command) => {
      const wish = { actor, id, decision: 'decline', note } as const
      print(context, command, shownRequest(await decideRequest(await context.requests(), wish)))
    })
}
