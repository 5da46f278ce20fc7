import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isReachableByOthers, serverUserId } from '../src/postgres/embedded-files.ts'

export const rootFolder = dirname(import.meta.dirname)

/**
 * The one folder that demo and tests keep state in: `.cache/state` of the clone. For root in a clone under a closed
 * folder it is one in the temporary folder, because PostgreSQL runs as another user there, who could not enter.
 */
function stateRoot(): string {
  const folder = join(rootFolder, '.cache/state')
  if (serverUserId() === undefined || isReachableByOthers(folder)) return folder
  const digest = createHash('sha256').update(rootFolder).digest('hex').slice(0, 16)
  return join(tmpdir(), `tollgate-state-${digest}`)
}

/** A folder that stays from run to run, made when absent. */
export function stateFolder(name: string): string {
  const folder = join(stateRoot(), name)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  return folder
}

/** An empty folder for this process alone. It is removed when the process ends, or, after a crash, by a later one. */
export function createScratchFolder(name: string): string {
  removeLeftScratch()
  return removeAtExit(mkdtempSync(join(stateFolder('scratch'), `${name}-${process.pid}-`)))
}

/** Removes the scratch folders of processes that have ended. */
export function removeLeftScratch(): void {
  const parent = stateFolder('scratch')
  for (const left of readdirSync(parent)) {
    const owner = /-(\d+)-\w{6}$/.exec(left)?.[1]
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      rmSync(join(parent, left), { recursive: true, force: true })
  }
}

/** Like createScratchFolder, with a path short enough (at most 107 bytes with a file name) for unix sockets. */
export function createSocketFolder(): string {
  return removeAtExit(mkdtempSync(join(tmpdir(), 'tg-')))
}

const removedAtExit = new Set<string>()

function removeAtExit(folder: string): string {
  if (removedAtExit.size === 0) process.once('exit', removeAll)
  removedAtExit.add(folder)
  return folder
}

function removeAll(): void {
  for (const folder of removedAtExit) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
