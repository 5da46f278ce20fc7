import { Command } from 'commander'
import { revokeToken } from '../manage/revoke-token.ts'
import { outputOption, print, shownTime } from './output.ts'
import type { CliContext } from './ports.ts'
import { jsonOf } from './shown-token.ts'

export function tokenRevokeCommand(context: CliContext): Command {
  return new Command('revoke')
    .description('end a token now')
    .argument('<id>', 'the token')
    .addOption(outputOption())
    .action(async (id: string, _options: unknown, command: Command) => {
      const token = await revokeToken(await context.manage(), { actor: { kind: 'operator' }, id })
      const text = `${token.id} (${token.hint}) is revoked since ${shownTime(token.revokedAtMs) ?? 'now'}\n`
      print(context, command, { text, json: jsonOf(token) })
    })
}
