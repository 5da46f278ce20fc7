import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../core/fault.ts'
import { listSegments } from './segment.ts'
import { isSocketAlive, listenOnSocket } from './sign-of-life.ts'

/**
 * A folder of this process alone under a common root, and the way to take over those of processes that have ended.
 *
 * Who is alive is told by a unix socket in the folder: it answers as long as its process exists, stopped or busy, and never after, whatever
 * killed it; the kernel sees to that, over containers and their process ids too. (Node has no flock, and process ids come again.) A folder
 * gets its final name only when its socket listens, so one that does not answer is dead. A socket says nothing about a process of another
 * machine on a shared disk, so there, known by the boot id, the folder must also have been left alone for a minute.
 */
export interface ProcessFolder {
  readonly path: string
  /** Paths of the segments of processes that have ended, oldest first in each folder. Moving them away takes them over. */
  findLeft(): Promise<readonly string[]>
  /** Removes what ended processes left when nothing of value is in it, and says to others that this one is still here. */
  tidy(): Promise<void>
  /** The folder goes when no segment is left in it; else a successor finds it dead. */
  close(): Promise<void>
}

const lifeName = 'alive'
const ownerName = 'owner'
const newPrefix = '.new-'
const folderName = /^\d+-[0-9a-f]{12}$/
const strangerMs = 60_000
/** A folder that never got its name is forgotten after so long. */
const unfinishedMs = 60_000

/** Throws a `Fault` of code `settings_invalid` when the folder cannot be made: no right to, or the disk is full. */
export async function openProcessFolder(root: string): Promise<ProcessFolder> {
  const machine = await machineId()
  const name = `${process.pid}-${randomBytes(6).toString('hex')}`
  const path = join(root, name)
  const life = await makeFolder(root, { name, machine })
  return {
    path,
    findLeft: async () => (await Promise.all((await deadFolders(root, { name, machine })).map(segmentsOf))).flat(),
    async tidy() {
      const now = new Date()
      await utimes(join(path, ownerName), now, now).catch(() => undefined)
      for (const dead of await deadFolders(root, { name, machine })) await removeIfEmpty(dead)
      await removeUnfinished(root)
    },
    async close() {
      await life.close()
      await removeIfEmpty(path)
    },
  }
}

interface Self {
  readonly name: string
  readonly machine: string
}

async function makeFolder(root: string, { name, machine }: Self): Promise<{ close(): Promise<void> }> {
  const unfinished = join(root, `${newPrefix}${name}`)
  try {
    await mkdir(root, { recursive: true, mode: 0o700 })
    await mkdir(unfinished, { mode: 0o700 })
    await writeFile(join(unfinished, ownerName), machine, { mode: 0o600 })
    const life = await listenOnSocket(join(unfinished, lifeName))
    await rename(unfinished, join(root, name))
    return life
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('settings_invalid', `The data folder cannot be used: ${reason}`, { cause })
  }
}

async function segmentsOf(folder: string): Promise<readonly string[]> {
  return (await listSegments(folder).catch(() => [])).map(({ path }) => path)
}

async function deadFolders(root: string, self: Self): Promise<readonly string[]> {
  const names = (await readdir(root)).filter((name) => folderName.test(name) && name !== self.name).sort()
  const checked = await Promise.all(
    names.map(async (name) => ((await isDead(join(root, name), self.machine)) ? [join(root, name)] : [])),
  )
  return checked.flat()
}

async function isDead(folder: string, machine: string): Promise<boolean> {
  if (await isSocketAlive(join(folder, lifeName))) return false
  const owner = await readFile(join(folder, ownerName), 'utf8').catch(() => '')
  if (owner === machine) return true
  const { mtimeMs } = await stat(join(folder, ownerName)).catch(() => ({ mtimeMs: 0 }))
  return Date.now() - mtimeMs > strangerMs
}

/** Of two that tidy at once the later one finds nothing, and a folder with a segment in it stays. */
async function removeIfEmpty(folder: string): Promise<void> {
  if ((await segmentsOf(folder)).length > 0) return
  for (const name of [lifeName, ownerName]) await rm(join(folder, name), { force: true })
  await rmdir(folder).catch(() => undefined)
}

/** Of processes that were killed between making and naming their folder. */
async function removeUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(newPrefix)) continue
    const { mtimeMs } = await stat(join(root, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (Date.now() - mtimeMs > unfinishedMs) await rm(join(root, name), { recursive: true, force: true })
  }
}

/** The same for all processes and containers of one running kernel, another one after each boot. */
async function machineId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname())).trim()
}
