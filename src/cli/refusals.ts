import { Command, Option } from 'commander'
import type { RefusalCount } from '../usage/refusal-ports.ts'
import { parseDuration } from './duration.ts'
import { isoTime, outputOption, print, shownTime } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'
import { wholeNumber } from './whole-number.ts'

interface Options {
  readonly account?: string
  readonly project?: string
  readonly since: number
  readonly after?: string
  readonly count: number
}

export function refusalsCommand(context: CliContext): Command {
  return new Command('refusals')
    .description('what was refused to whom, how often and why, the latest hour first')
    .option('--account <id>', 'only to this account')
    .option('--project <id>', 'only to accounts that were of this project')
    .addOption(
      new Option('--since <time>', 'only the last 90s, 15m, 12h or 7d, whole hours')
        .argParser(parseDuration)
        .default(86_400_000, '24h'),
    )
    .option('--after <cursor>', 'go on where a page ended')
    .option('--count <number>', 'at most so many', wholeNumber(1, 1_000), 100)
    .addOption(outputOption())
    .action(async ({ since, count: countMax, ...page }: Options, command: Command) => {
      const nowMs = Date.now()
      const reader = await context.refusals()
      const { rows, next } = await reader.of({ ...page, sinceMs: nowMs - since, untilMs: nowMs, countMax })
      const more = next === undefined ? '' : `There are more: --after ${next}\n`
      print(context, command, {
        text: textTable(rows.map(cellsOf), 'Nothing was refused') + more,
        json: { rows: rows.map(jsonOf), next },
      })
    })
}

function cellsOf({ hourMs, account, project, surface, resource, limitName, cause, count, lastAtMs }: RefusalCount) {
  return {
    ...{ hour: shownTime(hourMs), account, project, surface, resource: resource || undefined, cause },
    ...{ limit: limitName || undefined, count, last: shownTime(lastAtMs) },
  }
}

function jsonOf({ hourMs, firstAtMs, lastAtMs, limitName: limit, ...row }: RefusalCount) {
  return { hour: isoTime(hourMs), ...row, limit, first_at: isoTime(firstAtMs), last_at: isoTime(lastAtMs) }
}
