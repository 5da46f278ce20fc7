import { Command, InvalidArgumentError, Option } from 'commander'
import { makeReport, reportRowsMax } from '../usage/report.ts'
import { type ReportKey, type ReportWish, reportKeys } from '../usage/report-ports.ts'
import { ago, type Instant, parseInstant } from './instant.ts'
import { isoTime } from './output.ts'
import type { CliContext } from './ports.ts'
import { reportCsv, reportJson, reportText } from './shown-report.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends Partial<Pick<ReportWish, 'account' | 'project' | 'department' | 'surface' | 'resource'>> {
  readonly since: Instant
  readonly until: Instant
  readonly by: readonly ReportKey[]
  readonly zone: string
  readonly rows: number
  readonly output: keyof typeof forms
}

const monthMs = 30 * 86_400_000
const forms = {
  table: reportText,
  json: (report: Parameters<typeof reportJson>[0]) => `${JSON.stringify(reportJson(report), null, 2)}\n`,
  csv: reportCsv,
}

/** Credits and money by who and what, over any range that the books hold. */
export function reportCommand(context: CliContext): Command {
  return new Command('report')
    .description(
      'credits, requests, bytes, GPU seconds and money, by any of department, project, account, package, model, surface, day and month; by whole UTC hours, and the rows always add up to the total',
    )
    .addOption(
      new Option('--by <keys>', `what one row is, nested in this order: any of ${reportKeys.join(', ')}`)
        .argParser(keys)
        .default(['department'], 'department'),
    )
    .addOption(
      new Option('--since <time>', 'from then on: 2026-11-01 in --zone, 2026-11-22T10:00Z, or how long ago')
        .argParser(parseInstant)
        .default(ago(monthMs), '30d'),
    )
    .addOption(
      new Option('--until <time>', 'to before then, written alike').argParser(parseInstant).default(ago(0), 'now'),
    )
    .addOption(
      new Option('--zone <name>', 'whose days and months: UTC, or a name such as Asia/Shanghai')
        .argParser(zone)
        .default('UTC'),
    )
    .option('--department <id>', 'only what this department was charged')
    .option('--project <id>', 'only what this project was charged')
    .option('--account <id>', 'only what this account was charged')
    .addOption(new Option('--surface <name>', 'only this surface').choices(['pypi', 'gpu']))
    .option('--resource <name>', 'only this package, in any spelling, or this model')
    .addOption(
      new Option('--rows <number>', `rows at most, up to ${reportRowsMax}; one more says what all others add up to`)
        .argParser(wholeNumber(1, reportRowsMax))
        .default(100),
    )
    .addOption(new Option('--output <form>', 'how to print the answer').choices(Object.keys(forms)).default('table'))
    .action(async (options: Options, command: Command) => {
      const report = await makeReport(await context.report(), wishOf(options, command))
      context.write(forms[options.output](report))
    })
}

function wishOf({ since, until, zone: timeZone, rows, by, ...options }: Options, command: Command): ReportWish {
  const nowMs = Date.now()
  const [sinceMs, untilMs] = [since(nowMs, timeZone), until(nowMs, timeZone)]
  if (untilMs <= sinceMs) command.error(`error: --until ${isoTime(untilMs)} is not after --since ${isoTime(sinceMs)}`)
  const { account, project, department, surface, resource } = options
  return {
    ...{ by, timeZone, sinceMs, untilMs, rowsMax: rows },
    ...(account !== undefined && { account }),
    ...(project !== undefined && { project }),
    ...(department !== undefined && { department }),
    ...(surface !== undefined && { surface }),
    ...(resource !== undefined && { resource }),
  }
}

function keys(text: string): readonly ReportKey[] {
  const found = text.split(',').map((word) => reportKeys.find((key) => key === word.trim()))
  const known = found.filter((key) => key !== undefined)
  if (known.length < found.length)
    throw new InvalidArgumentError(`Write one or more of ${reportKeys.join(', ')}, with commas between.`)
  return known
}

function zone(text: string): string {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId
  } catch {
    throw new InvalidArgumentError('Write UTC or the name of a time zone such as Asia/Shanghai.')
  }
}
