import { Command } from 'commander'
import { rowUnitWord } from '../core/amount-words.ts'
import { givePack } from '../manage/give-pack.ts'
import type { ListedGrant } from '../manage/request-ports.ts'
import { isoTime, outputOption, print, type Result, shownTime } from './output.ts'
import type { CliContext } from './ports.ts'
import { textList } from './table.ts'

interface Options {
  readonly account: string
  readonly pack: string
}

export function grantPackCommand(context: CliContext): Command {
  return new Command('pack')
    .description("give an account a prepaid pack, which is spent before the limit's own amount")
    .requiredOption('--account <id>', 'who gets it')
    .requiredOption('--pack <id>', 'one of tollgate pack list')
    .addOption(outputOption())
    .action(async ({ account, pack }: Options, command: Command) => {
      const given = await givePack(await context.packs(), { actor: { kind: 'operator' }, account, pack })
      print(context, command, shownPack(given))
    })
}

function shownPack({ id, limitName, amount, counts, startsAtMs, endsAtMs, ...pack }: ListedGrant): Result {
  const text = textList({
    ...{
      id,
      limit: limitName,
      account: pack.for.id,
      adds: counts === undefined ? amount : `${amount} ${rowUnitWord(counts)}`,
    },
    ...{ from: shownTime(startsAtMs), until: shownTime(endsAtMs) },
  })
  const json = { id, kind: pack.kind, limit: limitName, account: pack.for.id, amount }
  return { text, json: { ...json, starts_at: isoTime(startsAtMs), ends_at: isoTime(endsAtMs) } }
}
