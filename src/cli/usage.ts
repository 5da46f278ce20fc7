import { Command, InvalidArgumentError, Option } from 'commander'
import { type BookedRequest, type UsageGroup, type UsageSum, type UsageWish, usageGroups } from '../usage/ports.ts'
import { ago, type Instant, parseInstant } from './instant.ts'
import { isoTime, outputOption, print, type Result, shownTime } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'

interface Options extends Partial<Pick<UsageWish, 'account' | 'project' | 'department' | 'token' | 'resource'>> {
  readonly since: Instant
  readonly until: Instant
  readonly by?: UsageGroup
  readonly entries?: true
  readonly rows: number
}

const hourMs = 3_600_000
const rowsMaxMax = 10_000

/** What was booked, as sums or request by request. Refused requests took nothing and are not in the books. */
export function usageCommand(context: CliContext): Command {
  return new Command('usage')
    .description(
      'what was booked: sums by whole UTC hours, or single requests; refused ones took nothing and are not in it',
    )
    .option('--account <id>', "only this account's")
    .option('--project <id>', "only this project's")
    .option('--department <id>', "only this department's")
    .option('--token <id>', "only this token's, by its id; from single requests, as long as those are kept")
    .option('--resource <name>', 'only of this package, in any spelling, or of this model')
    .addOption(
      new Option('--since <time>', 'from then on: 2026-11-22, 2026-11-22T10:00Z, or how long ago')
        .argParser(parseInstant)
        .default(ago(7 * 24 * hourMs), '7d'),
    )
    .addOption(
      new Option('--until <time>', 'to before then, written alike').argParser(parseInstant).default(ago(0), 'now'),
    )
    .addOption(new Option('--by <what>', 'what one line is').choices([...usageGroups]).conflicts('entries'))
    .option('--entries', 'single requests, the latest first')
    .addOption(new Option('--rows <number>', `lines at most, up to ${rowsMaxMax}`).argParser(rowCount).default(50))
    .addOption(outputOption())
    .action(async (options: Options, command: Command) => {
      const wish = wishOf(options, command)
      const reader = await context.usage()
      if (options.entries) return print(context, command, shownEntries(wish, await reader.entries(wish)))
      const by = options.by ?? 'day'
      const whole = wholeHours(wish)
      print(context, command, shownSums({ wish: whole, by }, await reader.sums(whole, by)))
    })
}

function wishOf({ since, until, rows, ...options }: Options, command: Command): UsageWish {
  const nowMs = Date.now()
  const [sinceMs, untilMs] = [since(nowMs), until(nowMs)]
  if (untilMs <= sinceMs) command.error(`error: --until ${isoTime(untilMs)} is not after --since ${isoTime(sinceMs)}`)
  const { account, project, department, token, resource } = options
  return {
    ...{ sinceMs, untilMs, rowsMax: rows },
    ...(account !== undefined && { account }),
    ...(project !== undefined && { project }),
    ...(department !== undefined && { department }),
    ...(token !== undefined && { token }),
    ...(resource !== undefined && { resource }),
  }
}

/** Sums are kept by whole hours: the hours that hold both ends are in. */
function wholeHours(wish: UsageWish): UsageWish {
  const sinceMs = Math.floor(wish.sinceMs / hourMs) * hourMs
  return { ...wish, sinceMs, untilMs: Math.ceil(wish.untilMs / hourMs) * hourMs }
}

type Sums = Awaited<ReturnType<Awaited<ReturnType<CliContext['usage']>>['sums']>>
type Entries = Awaited<ReturnType<Awaited<ReturnType<CliContext['usage']>>['entries']>>

function shownSums({ wish, by }: { readonly wish: UsageWish; readonly by: UsageGroup }, sums: Sums): Result {
  const { rows, total, isCut } = sums
  const lines = rows.map(({ key, surface, ...sum }) => ({
    [by]: key === '' ? '-' : key,
    ...(by === 'resource' && { surface }),
    ...sumCells(sum),
  }))
  const totals = { [by]: 'total', ...(by === 'resource' && { surface: '' }), ...sumCells(total) }
  const text = textTable(rows.length === 0 ? [] : [...lines, totals], `nothing was booked ${rangeText(wish)}`)
  return {
    text: `${text}${rows.length === 0 ? '' : `${rangeText(wish)}, whole UTC hours\n`}${cutText(isCut, rows.length)}`,
    json: {
      ...rangeJson(wish),
      by,
      rows: rows.map(({ key, surface, ...sum }) => ({
        [by]: key,
        ...(by === 'resource' && { surface }),
        ...sumJson(sum),
      })),
      total: sumJson(total),
      is_cut: isCut,
    },
  }
}

function shownEntries(wish: UsageWish, { rows, isCut }: Entries): Result {
  const lines = rows.map((row) => ({
    at: shownTime(Date.parse(row.at)),
    account: row.account,
    token: row.token,
    request: [row.surface, row.kind, row.resource, row.file].filter((word) => word !== '').join(' '),
    outcome: row.outcome,
    state: stateOf(row),
    credits: row.credits,
    bytes: row.bytes,
    'gpu s': secondsOf(row.gpu_ms),
    address: row.address,
  }))
  return {
    text: `${textTable(lines, `nothing was booked ${rangeText(wish)}`)}${cutText(isCut, rows.length)}`,
    json: {
      ...rangeJson(wish),
      rows: rows.map((row) => ({
        ...row,
        credits: Number(row.credits),
        bytes: Number(row.bytes),
        gpu_seconds: Number(row.gpu_ms) / 1_000,
        gpu_ms: undefined,
      })),
      is_cut: isCut,
    },
  }
}

function stateOf({ state, unsettled }: BookedRequest): string {
  if (state === 'final') return 'final'
  return unsettled ? 'unsettled' : 'open'
}

function sumCells(sum: UsageSum) {
  const { entries, charged, unsettled, not_yet_final: open, credits, bytes, gpu_ms: gpuMs } = sum
  return { requests: entries, charged, credits, bytes, 'gpu s': secondsOf(gpuMs), 'not final': open, unsettled }
}

function sumJson(sum: UsageSum): Readonly<Record<string, number>> {
  const { gpu_ms: gpuMs, entries, ...rest } = sum
  const numbers = Object.entries({ requests: entries, ...rest }).map(([name, text]) => [name, Number(text)])
  return { ...Object.fromEntries(numbers), gpu_seconds: Number(gpuMs) / 1_000 }
}

function secondsOf(ms: string): string {
  return String(Number(ms) / 1_000)
}

function rangeText({ sinceMs, untilMs }: UsageWish): string {
  return `from ${shownTime(sinceMs)} to ${shownTime(untilMs)}`
}

function rangeJson({ sinceMs, untilMs }: UsageWish) {
  return { since: isoTime(sinceMs), until: isoTime(untilMs) }
}

function cutText(isCut: boolean, count: number): string {
  return isCut ? `There are more than these ${count}: ask for less, or for more lines by --rows.\n` : ''
}

function rowCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > rowsMaxMax) throw new InvalidArgumentError(`Write a whole number from 1 to ${rowsMaxMax}.`)
  return count
}
