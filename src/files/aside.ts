import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Where bytes go that cannot be used and must not be thrown away. */
export interface Aside {
  /** Appends to the file of this process and kind; the path, or undefined when the folder is full or does not take them. Never throws. */
  keep(kind: string, bytes: Buffer): Promise<string | undefined>
}

const bytesMaxDefault = 64_000_000

/** In `set-aside/` of the data folder, which all processes share, at most `bytesMax` together. */
export function createAside(dataFolder: string, bytesMax = bytesMaxDefault): Aside {
  const folder = join(dataFolder, 'set-aside')
  const own = `${process.pid}-${randomBytes(4).toString('hex')}`
  return {
    async keep(kind, bytes) {
      const path = join(folder, `${own}.${kind}`)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        if ((await bytesIn(folder)) + bytes.length > bytesMax) return undefined
        await appendFile(path, bytes, { mode: 0o600, flush: true })
        return path
      } catch {
        return undefined
      }
    },
  }
}

async function bytesIn(folder: string): Promise<number> {
  const files = await Promise.all((await readdir(folder)).map((name) => stat(join(folder, name))))
  return files.reduce((sum, { size }) => sum + size, 0)
}
