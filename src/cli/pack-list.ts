import { Command } from 'commander'
import { listPacks } from '../manage/give-pack.ts'
import type { ListedPack } from '../manage/pack-ports.ts'
import { outputOption, print, type Result } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'

export function packListCommand(context: CliContext): Command {
  return new Command('list')
    .description('packs that can be given')
    .addOption(outputOption())
    .action(async (_: unknown, command: Command) => {
      print(context, command, shownPacks(await listPacks(await context.packs())))
    })
}

function shownPacks(packs: readonly ListedPack[]): Result {
  const rows = packs.map(({ id, limitName: limit, amount: adds, lasts, price, note }) => ({
    ...{ id, limit, adds, lasts },
    price: price && `${price.amount} ${price.currency}`,
    note,
  }))
  return { text: textTable(rows, 'no packs'), json: packs.map(({ limitName: limit, ...pack }) => ({ ...pack, limit })) }
}
