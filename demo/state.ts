import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { rootFolder } from '../scripts/state-folder.ts'
import type { Variables } from './tollgate.ts'

/** Variables by which `npm run sql` and `npm run tollgate -- …` reach the demo that is up; there only while it is. */
const environmentFile = join(rootFolder, '.cache/demo/env')

export function writeEnvironment(variables: Variables): void {
  mkdirSync(dirname(environmentFile), { recursive: true })
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
  // The process number tells a file that a killed demo left from one of a demo that is up.
  writeFileSync(environmentFile, `# pid ${process.pid}\n${lines.join('')}`, { mode: 0o600 })
}

export function removeEnvironment(): void {
  rmSync(environmentFile, { force: true })
}

/** What the running demo wrote; empty when none is up. `scripts/bootstrap.mjs` reads the same file for `npm run tollgate`. */
export function demoEnvironment(): Partial<Record<string, string>> {
  if (!existsSync(environmentFile)) return {}
  const text = readFileSync(environmentFile, 'utf8')
  if (!existsSync(`/proc/${/^# pid (\d+)$/m.exec(text)?.[1]}`)) return {}
  return parseEnv(text)
}
