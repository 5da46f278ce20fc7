import { Command } from 'commander'
import { Fault } from '../core/fault.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'

/** `tollgate policy descriptors`: what `/rlconfig` of envoyproxy/ratelimit is for. */
export function policyDescriptorsCommand(context: CliContext): Command {
  return new Command('descriptors')
    .description('print the limits of descriptors that are in force')
    .argument('[domain]', 'only this one')
    .addOption(outputOption())
    .action(async (domain: string | undefined, _options: unknown, command: Command) => {
      const { version, domains: all, descriptors } = await context.policyShow()
      const domains = all.filter(({ id }) => domain === undefined || id === domain)
      if (domain !== undefined && domains.length === 0)
        throw new Fault('not_found', `There is no domain ${domain} of descriptors`)
      const named = new Set(domains.map(({ id }) => id))
      const limits = descriptors.filter((limit) => named.has(limit['domain'] ?? ''))
      const text = `version ${version}\n${textTable(domains, 'there is no domain')}\n${textTable(limits, 'there are no limits')}`
      print(context, command, { text, json: { version, domains, limits } })
    })
}
