import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
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

/** Like createScratchFolder; the path is short enough for unix sockets with names of up to 20 bytes. */
export function createSocketFolder(): string {
  removeLeftScratch()
  const parent = [stateFolder('scratch'), tmpdir()].find(isShort) ?? '/tmp'
  return removeAtExit(mkdtempSync(join(parent, `${SOCKET_FOLDER}-${process.pid}-`)))
}

const SOCKET_FOLDER = 'tollgate-sockets'
// unix(7): sun_path has 108 bytes, with the closing zero.
const SOCKET_PATH_BYTES_MAX = 107
const SOCKET_NAME_BYTES_MAX = 20

function isShort(parent: string): boolean {
  const longest = join(parent, `${SOCKET_FOLDER}-4194304-XXXXXX`, 'x'.repeat(SOCKET_NAME_BYTES_MAX))
  return Buffer.byteLength(longest) <= SOCKET_PATH_BYTES_MAX
}

/** Removes the scratch and socket folders of processes that have ended, whether those could do it themselves or not. */
export function removeLeftScratch(): void {
  removeLeft(stateFolder('scratch'), /-(\d+)-\w{6}$/)
  for (const parent of new Set([tmpdir(), '/tmp'])) removeLeft(parent, socketFolderName)
}

const socketFolderName = new RegExp(`^${SOCKET_FOLDER}-(\\d+)-\\w{6}$`)

function removeLeft(parent: string, name: RegExp): void {
  for (const left of readdirSync(parent)) {
    const owner = name.exec(left)?.[1]
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue
    const path = join(parent, left)
    // The temporary folder is everybody's.
    if (lstatSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.())
      rmSync(path, { recursive: true, force: true })
  }
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
