import { Command } from 'commander'
import type { CliContext, ServeWish } from './ports.ts'
import { wholeNumber } from './whole-number.ts'

export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('answer Envoy, and carry charges into the books')
    .option('--roles <names>', 'only these background roles, comma-separated: ledger, sweeper, alerts')
    .option(
      '--processes <number>',
      'serve by so many processes, one socket each: tollgate-0.sock, …; needs REDIS_URL',
      wholeNumber(1, 64),
    )
    .action((options: ServeWish) => context.serve(options))
}
