import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command, Option } from 'commander'
import { createProgram } from '../src/cli/run-cli.ts'
import { createCommandLine } from '../src/compose/command-line.ts'
import { rootFolder } from './state-folder.ts'

const HEADER = `# Commands
Written by \`node scripts/bootstrap.mjs scripts/cli-reference.ts\` from the commands themselves. \`npm run tollgate -- <command>\` runs one from a clone.

Settings come from the environment ([settings.md](settings.md)). Exit codes: 0, 2 for a wrong command line, wrong settings or a store of another format, 1 for anything else; what went wrong
is one sentence on the error output. Every command has \`--help\`.
`

/** \`docs/reference/cli.md\`: every command with its options. */
export function cliReference(): string {
  const program = createProgram(createCommandLine({}))
  return [HEADER, ...leaves(program, 'tollgate').map(section)].join('\n')
}

interface Leaf {
  readonly command: Command
  readonly words: string
}

function leaves(command: Command, words: string): readonly Leaf[] {
  if (command.commands.length === 0) return [{ command, words }]
  return command.commands.flatMap((child) => leaves(child, `${words} ${child.name()}`))
}

function section({ command, words }: Leaf): string {
  const options = command.options.filter(({ hidden }) => !hidden)
  const usage = command.registeredArguments.map((argument) => ` <${argument.name()}>`).join('')
  const head = `## \`${words}${usage}\`\n${sentence(command.description())}\n`
  if (options.length === 0) return head
  return `${head}\n| option | default | means |\n|---|---|---|\n${options.map(row).join('')}`
}

function row(option: Option): string {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`
  const cells = [`\`${option.flags}\``, defaultOf(option), `${option.description}${choices}`]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}

function defaultOf(option: Option): string {
  if (option.mandatory) return 'must be given'
  if (option.defaultValue === undefined) return ''
  return `\`${option.defaultValueDescription ?? String(option.defaultValue)}\``
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

if (import.meta.main) writeFileSync(join(rootFolder, 'docs/reference/cli.md'), cliReference())
