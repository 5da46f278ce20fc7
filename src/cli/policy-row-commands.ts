import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { deleteRow, listRows, writeRow } from '../manage/policy-rows.ts'
import { policyTableNames } from '../manage/policy-tables.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownRemoval, shownRows, shownWrite } from './shown-row.ts'
import { wholeNumber } from './whole-number.ts'

const actor = { kind: 'operator' } as const
type Values = Readonly<Record<string, string | null>>

interface ListOptions {
  readonly where: Values
  readonly after?: string
  readonly count: number
}

/** Of one table, or of the one that the command line names. */
export function rowsCommand(name: string, context: CliContext, table?: string): Command {
  return ofTable(new Command(name), table)
    .addOption(
      new Option('--where <column=value>', 'only rows that have this; may be repeated')
        .argParser(columnValue)
        .default({}, 'all rows'),
    )
    .option('--after <key>', 'go on after this row')
    .option('--count <number>', 'at most so many', wholeNumber(1, 1_000), 100)
    .addOption(outputOption())
    .action(async (...given: unknown[]) => {
      const { table: named, command } = read(given, table)
      const { where, after, count: countMax } = command.opts<ListOptions>()
      const wish = { actor, table: named, where, countMax, ...(after !== undefined && { after: after.split(',') }) }
      const found = await listRows(await context.admin(), wish)
      print(context, command, shownRows(found.table, found.rows, found.next))
    })
}

export function setCommand(context: CliContext, table?: string): Command {
  return ofTable(new Command('set'), table)
    .argument('<key>', 'id of the row; of a price_tier the price and where it begins, as big,0')
    .argument('<column=value...>', 'what to write; nothing after the = empties the column')
    .option('--new', 'only if there is no such row yet')
    .option('--existing', 'only if there is such a row')
    .addOption(outputOption())
    .action(async (...given: unknown[]) => {
      const { table: named, words, command } = read(given, table)
      const [key, pairs] = words
      const { new: isNew, existing } = command.opts<{ readonly new?: true; readonly existing?: true }>()
      const values = (pairs as readonly string[]).reduce<Values>((before, pair) => columnValue(pair, before), {})
      const only: 'new' | 'existing' | undefined = isNew ? 'new' : existing && 'existing'
      const wish = { actor, table: named, key: String(key).split(','), values, ...(only && { only }) }
      print(context, command, shownWrite(await writeRow(await context.admin(), wish)))
    })
}

export function removeCommand(context: CliContext, table?: string): Command {
  return ofTable(new Command('remove'), table)
    .argument('<key>', 'id of the row; of a price_tier the price and where it begins, as big,0')
    .option('--last', 'it may be the last row of its table')
    .addOption(outputOption())
    .action(async (...given: unknown[]) => {
      const { table: named, words, command } = read(given, table)
      const isLastMeant = command.opts<{ readonly last?: true }>().last === true
      const wish = { actor, table: named, key: String(words[0]).split(','), isLastMeant }
      print(context, command, shownRemoval(await deleteRow(await context.admin(), wish)))
    })
}

function ofTable(command: Command, table: string | undefined): Command {
  return table === undefined
    ? command.addArgument(new Argument('<table>', 'which table').choices(policyTableNames))
    : command
}

/** commander hands over the arguments, then the options, then the command. */
function read(given: readonly unknown[], table: string | undefined) {
  const command = given.at(-1) as Command
  const words = given.slice(0, -2)
  return { command, table: table ?? String(words[0]), words: table === undefined ? words.slice(1) : words }
}

function columnValue(text: string, before: Values): Values {
  const [, column, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (column === undefined || value === undefined) throw new InvalidArgumentError('Write column=value.')
  return { ...before, [column]: value === '' ? null : value }
}
