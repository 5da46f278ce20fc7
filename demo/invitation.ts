import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { rootFolder } from '../scripts/state-folder.ts'
import { call } from './caller.ts'
import { runCommand } from './command.ts'
import { type Demo, expectThat } from './step.ts'

/** Lines that a reader may type into another terminal while the demo is up. */
export interface Invitation {
  readonly commands: readonly { readonly purpose: string; readonly line: string }[]
  readonly statusUrl: string
}

export function createInvitation({ world, aliceToken }: Demo, target: string): Invitation {
  const indexUrl = world.indexUrl(aliceToken)
  const folder = relative(rootFolder, target)
  return {
    commands: [
      {
        purpose: 'install as alice',
        line: `python3 -m pip install --target ${folder} --index-url ${indexUrl} fruit-salad`,
      },
      {
        purpose: 'ask the ledger, or type `npm run sql` alone',
        line: `npm run sql -- -c "SELECT at, resource, bytes, credits, outcome FROM tollgate.usage_entry ORDER BY at DESC LIMIT 5"`,
      },
      {
        purpose: 'what would happen, and why',
        line: `npm run tollgate -- explain --token ${aliceToken} --upstream mirror --path /simple/fruit-salad/`,
      },
    ],
    statusUrl: `${indexUrl.replace(/simple\/$/, '')}quota/status`,
  }
}

/** Types each line once into a shell at the root of the clone, with the user's own environment. Throws if one fails. */
export async function tryInvitation(invitation: Invitation): Promise<void> {
  for (const { line } of invitation.commands) {
    const result = await runCommand({
      file: '/bin/sh',
      args: ['-c', line],
      environment: userEnvironment(),
      folder: rootFolder,
    })
    expectThat(result.code === 0, `this line runs: ${line}`, result.text)
  }
  // So that pip does not warn the reader of files that are there already.
  rmSync(readerTarget, { recursive: true, force: true })
  const url = new URL(invitation.statusUrl)
  const basic = Buffer.from(`${url.username}:${url.password}`).toString('base64')
  const reply = await call({ url: `${url.origin}${url.pathname}`, headers: { authorization: `Basic ${basic}` } })
  expectThat(reply.status === 200, 'the status URL answers', reply)
}

export function printInvitation(invitation: Invitation): void {
  console.log('\nWhile the demo is up, in another terminal, in this folder (each was run once just now):')
  for (const { purpose, line } of invitation.commands) console.log(`\n# ${purpose}\n${line}`)
  console.log(`\n# alice's quota, also for a browser\n${invitation.statusUrl}`)
}

/** Where pip puts what a reader installs. */
export const readerTarget = join(rootFolder, '.cache/demo/packages')

function userEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
