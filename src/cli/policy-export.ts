import { Command } from 'commander'
import { Fault } from '../core/fault.ts'
import { type Exported, exportRatelimit } from '../policy/imports/export-ratelimit.ts'
import type { CliContext } from './ports.ts'

interface Options {
  readonly folder?: string
  readonly skipUnsupported?: true
}

/** `tollgate policy export ratelimit` */
export function policyExportCommand(context: CliContext): Command {
  return new Command('export')
    .description('limits as files of other rate limit services')
    .helpCommand(false)
    .addCommand(ratelimitCommand(context))
}

function ratelimitCommand(context: CliContext): Command {
  return new Command('ratelimit')
    .description("print a domain as envoyproxy/ratelimit's YAML, or write several as files")
    .argument('[domain...]', 'which domains; all if none is named')
    .option('--folder <path>', 'write a file for each domain into this folder instead')
    .option('--skip-unsupported', 'leave out what envoyproxy/ratelimit cannot express')
    .action(async (domains: readonly string[], { folder, skipUnsupported }: Options) => {
      const exported = exportRatelimit(await (await context.descriptors()).read(), domains)
      refuseUnknown(exported)
      noteLeftOut(context, exported, skipUnsupported === true)
      if (folder !== undefined) {
        const files = exported.files.map(({ domain, yaml }) => ({ name: fileNameOf(domain), text: yaml }))
        const written = await (await context.importFiles()).write(folder, files)
        context.write(written.map((path) => `${path}\n`).join(''))
        return
      }
      const [only, second] = exported.files
      if (only === undefined) throw new Fault('not_found', 'There is no domain of descriptors')
      if (second !== undefined) throw new Fault('not_valid', 'A file holds one domain: name one, or give --folder')
      context.write(only.yaml)
    })
}

function refuseUnknown({ unknown }: Exported): void {
  if (unknown.length > 0) throw new Fault('not_found', `There is no domain ${unknown.join(', ')} of descriptors`)
}

function noteLeftOut(context: CliContext, { leftOut }: Exported, isMeant: boolean): void {
  if (leftOut.length === 0) return
  context.writeError(leftOut.map(({ id, reason }) => `${id}: ${reason}\n`).join(''))
  if (isMeant) return
  const said = 'rows that envoyproxy/ratelimit cannot express; --skip-unsupported leaves them out'
  throw new Fault('not_valid', `There are ${said}`)
}

/** A domain may have any visible character, a file may not; two domains do not come to one file. */
function fileNameOf(domain: string): string {
  return `${encodeURIComponent(domain).replace(/^\./, '%2E').replaceAll('*', '%2A')}.yaml`
}
