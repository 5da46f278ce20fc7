import { createHmac, type Hmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault } from '../core/fault.ts'
import type { SealedLines } from '../policy/ports.ts'

/** `hmac `, 64 hexadecimal digits, a line feed. */
const sealBytes = 70
const sealWord = 'hmac '
const chunkBytes = 256 * 1_024
const bytesMaxDefault = 2e9
/** Half-written files of killed processes are removed when they are so old. */
const leftMs = 600_000
const keyBytes = 32
const keyName = 'sealing.key'

/**
 * Lines in a file that nobody else can read (0600) and that nobody without the key, kept in a file of its own beside it, can change unseen:
 * HMAC-SHA-256 over all of them. Written beside, fsynced and renamed, so that there is always a whole one. Reading throws a `Fault` of code
 * `not_valid` that says what is wrong with the file.
 */
export function createSealedFile({
  folder,
  name,
  bytesMax = bytesMaxDefault,
}: {
  readonly folder: string
  readonly name: string
  readonly bytesMax?: number
}): SealedLines {
  const path = join(folder, name)
  return {
    async write(lines) {
      await mkdir(folder, { recursive: true })
      await removeLeft(path)
      const fresh = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.new`
      try {
        await writeSealed(fresh, lines, { key: await keyOf(folder), bytesMax })
        await rename(fresh, path)
        await syncFolder(folder)
      } catch (error) {
        await rm(fresh, { force: true })
        throw error
      }
    },
    async read(take) {
      const file = await openIfThere(path)
      if (file === undefined) return false
      try {
        const key = await readKey(folder)
        if (key === undefined) throw unusable(path, `its key, ${keyName}, is gone`)
        await readSealed(file, { path, key, take })
        return true
      } finally {
        await file.close()
      }
    },
  }
}

async function writeSealed(
  path: string,
  lines: Iterable<string>,
  { key, bytesMax }: { readonly key: Buffer; readonly bytesMax: number },
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    const hmac = createHmac('sha256', key)
    let bytes = 0
    // Each chunk is awaited, so that whoever else needs this process's time gets it in between.
    for (const chunk of chunksOf(lines)) {
      hmac.update(chunk)
      bytes += chunk.length
      if (bytes > bytesMax) throw unusable(path, `it would be larger than ${bytesMax} bytes`)
      await file.appendFile(chunk)
    }
    await file.appendFile(`${sealWord}${hmac.digest('hex')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

function* chunksOf(lines: Iterable<string>): Iterable<Buffer> {
  let text = ''
  for (const line of lines) {
    text += `${line}\n`
    if (text.length < chunkBytes) continue
    yield Buffer.from(text, 'utf8')
    text = ''
  }
  if (text !== '') yield Buffer.from(text, 'utf8')
}

interface Reading {
  readonly path: string
  readonly key: Buffer
  readonly take: (line: string) => void
}

/** Once to check it, and only then, on the same open file, once to read. */
async function readSealed(file: FileHandle, { path, key, take }: Reading): Promise<void> {
  const { size, mode } = await file.stat()
  if ((mode & 0o077) !== 0) throw unusable(path, 'others than its owner can reach it (it must have mode 600)')
  const end = size - sealBytes
  if (end < 0) throw unusable(path, 'it is too short')
  const hmac = createHmac('sha256', key)
  for await (const chunk of chunksIn(file, end)) hmac.update(chunk)
  if (!(await isSealedWith(hmac, file, end))) throw unusable(path, 'it is not as Tollgate wrote it')
  let rest = Buffer.alloc(0)
  for await (const chunk of chunksIn(file, end)) {
    const bytes = Buffer.concat([rest, chunk])
    const last = bytes.lastIndexOf(10)
    for (const line of linesIn(bytes.subarray(0, last + 1))) take(line)
    rest = bytes.subarray(last + 1)
  }
}

function linesIn(bytes: Buffer): readonly string[] {
  return bytes.length === 0 ? [] : bytes.toString('utf8', 0, bytes.length - 1).split('\n')
}

async function* chunksIn(file: FileHandle, end: number): AsyncIterable<Buffer> {
  for (let offset = 0; offset < end; offset += chunkBytes) {
    const length = Math.min(chunkBytes, end - offset)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
    yield buffer.subarray(0, bytesRead)
  }
}

async function isSealedWith(hmac: Hmac, file: FileHandle, end: number): Promise<boolean> {
  const expected = Buffer.from(`${sealWord}${hmac.digest('hex')}\n`)
  const { buffer } = await file.read(Buffer.alloc(sealBytes), 0, sealBytes, end)
  return timingSafeEqual(expected, buffer)
}

async function keyOf(folder: string): Promise<Buffer> {
  const known = await readKey(folder)
  if (known !== undefined) return known
  const path = join(folder, keyName)
  const fresh = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.new`
  await writeFile(fresh, randomBytes(keyBytes).toString('hex'), { mode: 0o600, flag: 'wx', flush: true })
  // Of two processes that make one at once, the first to link it wins.
  await link(fresh, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(fresh, { force: true })
  const key = await readKey(folder)
  if (key === undefined) throw unusable(path, 'it vanished')
  return key
}

async function readKey(folder: string): Promise<Buffer | undefined> {
  const path = join(folder, keyName)
  const file = await openIfThere(path)
  if (file === undefined) return undefined
  try {
    const { mode } = await file.stat()
    if ((mode & 0o077) !== 0) throw unusable(path, 'others than its owner can reach it (it must have mode 600)')
    const key = Buffer.from(await readFile(file, 'utf8'), 'hex')
    if (key.length !== keyBytes) throw unusable(path, `it does not hold ${keyBytes} bytes in hexadecimal digits`)
    return key
  } finally {
    await file.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function removeLeft(path: string): Promise<void> {
  const folder = dirname(path)
  const isLeft = (name: string): boolean => name.startsWith(`${basename(path)}.`) && name.endsWith('.new')
  for (const name of (await readdir(folder)).filter(isLeft)) {
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > leftMs) await rm(join(folder, name), { force: true })
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

function unusable(path: string, reason: string): Fault {
  return new Fault('not_valid', `The file ${path} cannot be used: ${reason}`)
}
