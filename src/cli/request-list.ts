import { Command, Option } from 'commander'
import { type ListRequests, listRequests } from '../manage/list-requests.ts'
import { readRequest } from '../manage/read-request.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownRequest, shownRequests } from './shown-request.ts'
import { wholeNumber } from './whole-number.ts'

const actor = { kind: 'operator' } as const

interface Options extends Pick<ListRequests, 'state' | 'project' | 'account' | 'after'> {
  readonly count: number
}

export function requestListCommand(context: CliContext): Command {
  return new Command('list')
    .description('who asked for more, the newest first')
    .addOption(
      new Option('--state <state>', 'only those').choices(['open', 'approved', 'declined', 'withdrawn', 'expired']),
    )
    .option('--project <id>', 'only of this project and its accounts')
    .option('--account <id>', 'only by or for this account')
    .option('--after <place>', 'go on where a page ended, as it said')
    .option('--count <number>', 'at most so many', wholeNumber(1, 1_000), 100)
    .addOption(outputOption())
    .action(async ({ count, state, project, account, after }: Options, command: Command) => {
      const wanted = { actor, countMax: count, state, project, account, after }
      print(context, command, shownRequests(await listRequests(await context.requests(), wanted)))
    })
}

export function requestShowCommand(context: CliContext): Command {
  return new Command('show')
    .description('one request and what became of it')
    .argument('<id>', 'the request')
    .addOption(outputOption())
    .action(async (id: string, _: unknown, command: Command) => {
      print(context, command, shownRequest(await readRequest(await context.requests(), { actor, id })))
    })
}
