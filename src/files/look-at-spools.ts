import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SpoolReport } from '../doctor/ports.ts'
import { listSegments } from './segment.ts'
import { isSocketAlive } from './sign-of-life.ts'

const lifeName = 'alive'

/** The spools of all processes on this machine's data folder: changes nothing. None when there is no such folder. */
export async function lookAtSpools(dataFolder: string): Promise<readonly SpoolReport[]> {
  const root = join(dataFolder, 'spool')
  const names = await readdir(root).catch(() => [])
  return Promise.all(names.filter((name) => !name.startsWith('.')).map((name) => lookAt(join(root, name))))
}

async function lookAt(folder: string): Promise<SpoolReport> {
  const segments = await listSegments(folder).catch(() => [])
  // One that its process removes meanwhile has nothing in it any more.
  const sizes = await Promise.all(
    segments.map(({ path }) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  return { folder, files: segments.length, bytes, isOwned: await isSocketAlive(join(folder, lifeName)) }
}
