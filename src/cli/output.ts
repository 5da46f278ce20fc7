import { type Command, Option } from 'commander'
import type { CliContext } from './ports.ts'

/** One result, said twice: as text for people and as a value for programs. */
export interface Result {
  readonly text: string
  readonly json: unknown
}

/** The same on every command that answers something. */
export function outputOption(): Option {
  return new Option('--output <form>', 'how to print the answer').choices(['table', 'json']).default('table')
}

/** Prints the result as `--output` of the command asks. */
export function print(context: CliContext, command: Command, result: Result): void {
  const isJson = command.opts()['output'] === 'json'
  context.write(isJson ? `${JSON.stringify(result.json, null, 2)}\n` : result.text)
}

/** `2026-11-23T00:00:00.000Z`, or undefined. */
export function isoTime(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString()
}

/** `2026-11-23 00:00:00 UTC`, or undefined. */
export function shownTime(atMs: number | undefined): string | undefined {
  return isoTime(atMs)
    ?.replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}
