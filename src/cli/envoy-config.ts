import { Command, InvalidArgumentError, Option } from 'commander'
import type { CliContext, Endpoint } from './ports.ts'
import { wholeNumber } from './whole-number.ts'

interface Options {
  readonly processes: number
  readonly listen: Endpoint
  readonly admin: Endpoint | 'none'
  readonly node: string
  readonly authorities: string
  readonly rateLimits?: string
  readonly entry?: ReadonlyMap<string, string>
  readonly output: 'yaml' | 'json'
}

export function envoyConfigCommand(context: CliContext): Command {
  return new Command('envoy-config')
    .description("print Envoy's bootstrap for the upstreams in the database, with its reasons")
    .option('--processes <number>', 'as many as serve has', wholeNumber(1, 64), 1)
    .addOption(
      new Option('--listen <address>', 'where clients come in')
        .argParser(endpoint)
        .default({ host: '0.0.0.0', port: 10_000 }, '0.0.0.0:10000'),
    )
    .addOption(
      new Option('--admin <address>', "Envoy's admin listener, which can end it; none leaves it out")
        .argParser(adminEndpoint)
        .default({ host: '127.0.0.1', port: 9_901 }, '127.0.0.1:9901'),
    )
    .option('--node <id>', 'names this Envoy among several', nodeId, 'edge-1')
    .option('--authorities <file>', 'who vouches for upstreams of https://', '/etc/ssl/certs/ca-certificates.crt')
    .option('--rate-limits <domain>', 'with a rate limit filter after Check, for the limits of this descriptor_domain')
    .addOption(
      new Option(
        '--entry <key=header>',
        'which request header an entry of these limits is in, as user=x-tollgate-account; may be repeated',
      ).argParser(entryHeader),
    )
    .addOption(new Option('--output <form>', 'Envoy takes both').choices(['yaml', 'json']).default('yaml'))
    .action(async (options: Options) => {
      if (options.entry !== undefined && options.rateLimits === undefined)
        throw new InvalidArgumentError('--entry is for the limits of a domain: name it by --rate-limits.')
      const { yaml, config, notes } = await context.envoyConfig({
        processes: options.processes,
        listen: options.listen,
        nodeId: options.node,
        authoritiesFile: options.authorities,
        ...(options.admin !== 'none' && { admin: options.admin }),
        ...(options.rateLimits !== undefined && { rateLimitDomain: options.rateLimits }),
        ...(options.entry && { entryHeaders: options.entry }),
      })
      for (const note of notes) context.writeError(`tollgate: ${note}\n`)
      context.write(options.output === 'json' ? `${JSON.stringify(config, null, 2)}\n` : yaml)
    })
}

function endpoint(text: string): Endpoint {
  const [, host = '', port = ''] = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(text) ?? []
  if (host === '' || Number(port) > 65_535) throw new InvalidArgumentError('It looks like 127.0.0.1:9901.')
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function adminEndpoint(text: string): Endpoint | 'none' {
  return text === 'none' ? text : endpoint(text)
}

/** A header's name as RFC 9110 has it, or one of HTTP/2's own, such as `:path`. */
function entryHeader(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [, key = '', header = ''] = /^(.{1,255})=(:?[\w!#$%&'*+.^`|~-]{1,100})$/.exec(text) ?? []
  if (key === '') throw new InvalidArgumentError('It looks like user=x-tollgate-account.')
  if (before.has(key)) throw new InvalidArgumentError(`The entry ${key} is given twice.`)
  return new Map([...before, [key, header.toLowerCase()]])
}

function nodeId(text: string): string {
  if (/^[\w.:/-]{1,100}$/.test(text)) return text
  throw new InvalidArgumentError('It has 1 to 100 letters, digits and . _ : / -.')
}
