import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rootFolder } from '../scripts/state-folder.ts'
import type { Variables } from './tollgate.ts'

/** Variables by which `npm run sql` and `npm run tollgate -- …` reach the demo that is up; there only while it is. */
export const environmentFile = join(rootFolder, '.cache/demo/env')

export function writeEnvironment(variables: Variables): void {
  mkdirSync(dirname(environmentFile), { recursive: true })
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
  writeFileSync(environmentFile, lines.join(''), { mode: 0o600 })
}

export function removeEnvironment(): void {
  rmSync(environmentFile, { force: true })
}

/** What the running demo wrote; empty when none is up. */
export function demoEnvironment(): Partial<Record<string, string>> {
  try {
    const lines = readFileSync(environmentFile, 'utf8').trim().split('\n')
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), JSON.parse(line.slice(line.indexOf('=') + 1))]),
    )
  } catch {
    return {}
  }
}
