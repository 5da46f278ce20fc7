import { Command } from 'commander'
import type { CliContext } from './ports.ts'

export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('answer Envoy, and carry charges into the books')
    .option('--roles <names>', 'only these background roles, comma-separated: ledger, sweeper')
    .action((options: { readonly roles?: string }) => context.serve(options))
}
