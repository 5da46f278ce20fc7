import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Fault } from '../core/fault.ts'

/** PostgreSQL refuses to run as root; `nobody` stands in. Undefined: we are not root, run it as ourselves. */
export function serverUserId(): number | undefined {
  return process.getuid?.() === 0 ? 65_534 : undefined
}

/** Whether a user who owns nothing on the way may enter every folder down to `path`, and `path` itself. */
export function isReachableByOthers(path: string): boolean {
  const parent = dirname(path)
  const isOpen = existsSync(path) ? (statSync(path).mode & 0o001) !== 0 : true
  return isOpen && (parent === path || isReachableByOthers(parent))
}

/**
 * The folder to run PostgreSQL from: `binariesFolder` itself, or, where its user could not enter that (a clone under a
 * closed home, a narrow umask), a copy in the temporary folder, made once.
 */
export function reachableBinaries(binariesFolder: string): string {
  const binary = join(binariesFolder, 'bin/postgres')
  if (!existsSync(binary)) {
    const help = 'Run `node scripts/bootstrap.mjs` once to get it, or set DATABASE_URL to a PostgreSQL of yours'
    throw new Fault('server_missing', `No PostgreSQL at ${binary}. ${help}`)
  }
  if (serverUserId() === undefined || isReachableByOthers(binary)) return binariesFolder
  const identity = `${binariesFolder} ${statSync(binary).mtimeMs}`
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 16)
  const copy = join(tmpdir(), `tollgate-postgres-${digest}`)
  const root = isOurs(copy) ? copy : copyBinaries(binariesFolder, copy)
  return join(root, basename(dirname(binariesFolder)), basename(binariesFolder))
}

/** Anyone may create a name in the temporary folder; only what root made and nobody else may write is run. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}

function copyBinaries(binariesFolder: string, destination: string): string {
  const packageFolder = dirname(binariesFolder)
  const fresh = mkdtempSync(`${destination}-`)
  cpSync(binariesFolder, join(fresh, basename(packageFolder), basename(binariesFolder)), {
    recursive: true,
    verbatimSymlinks: true,
  })
  // The wheel's own shared libraries lie beside the package, and the binaries look for them there.
  const libraries = `${packageFolder}.libs`
  if (existsSync(libraries)) cpSync(libraries, join(fresh, basename(libraries)), { recursive: true })
  openToOthers(fresh)
  try {
    renameSync(fresh, destination)
    return destination
  } catch {
    return fresh // another process was first, or the name is somebody else's
  }
}

function openToOthers(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const isExecutable = entry.isDirectory() || (statSync(path).mode & 0o100) !== 0
    chmodSync(path, isExecutable ? 0o755 : 0o644)
  }
}

/** Hands a file or an empty folder to the user PostgreSQL runs as, and closes it to everybody else. */
export function giveToServer(path: string): void {
  const userId = serverUserId()
  if (userId !== undefined) chownSync(path, userId, userId)
  chmodSync(path, lstatSync(path).isDirectory() ? 0o700 : 0o600)
}

/** Lets the user PostgreSQL runs as pass through our data folder to its cluster. Throws where a parent is closed to it. */
export function openDataFolder(dataFolder: string): void {
  const userId = serverUserId()
  if (userId === undefined) return
  chmodSync(dataFolder, 0o711)
  if (isReachableByOthers(dataFolder)) return
  const reason = `PostgreSQL does not run as root, and user ${userId} cannot enter ${dataFolder}`
  const help = 'Choose a data folder whose parents are open, such as /var/lib/tollgate'
  throw new Fault('settings_invalid', `${reason}. ${help}`)
}
