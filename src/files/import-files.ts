import { mkdir, readdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Fault } from '../core/fault.ts'
import type { SourceFile, SourceFiles } from '../policy/import-ports.ts'
import { type FolderWaits, watchFolder } from './watch-folder.ts'

const filesMax = 1_000
const fileBytesMax = 8_000_000
const bytesMax = 32_000_000

type Input = AsyncIterable<Uint8Array>

/** Files on disk and the standard input; see `SourceFiles`. */
export function createImportFiles(input: Input, waits: FolderWaits = {}): SourceFiles {
  const read: SourceFiles['read'] = async (paths) => {
    const found = await Promise.all(paths.map(filesAt))
    const names = found.flat()
    await refuseTwins(names)
    if (names.length > filesMax) throw new Fault('not_valid', `There are more than ${filesMax} files to import`)
    const files: SourceFile[] = []
    let left = bytesMax
    for (const name of names) {
      const bytes = name === '-' ? await readInput(input) : await readOne(name)
      left -= bytes.length
      if (left < 0) throw new Fault('not_valid', `The files to import have more than ${bytesMax} bytes together`)
      files.push({ name: name === '-' ? 'standard input' : name, bytes })
    }
    return files
  }
  return {
    read,
    async *watch(folder, ended) {
      while (!ended.aborted) {
        // Before it is read, so that nothing written meanwhile is missed.
        const watch = watchFolder(folder, ended, waits)
        try {
          yield await readOrFault(read, folder)
          await watch.changed()
        } finally {
          watch.close()
        }
      }
    },
    write: (folder, files) =>
      asFault(folder, async () => {
        await mkdir(folder, { recursive: true })
        return Promise.all(files.map(({ name, text }) => writeOne(join(folder, name), text)))
      }),
  }
}

/** The same file a second time, by whatever path, would only be told of as a fault in each of its lines. */
async function refuseTwins(names: readonly string[]): Promise<void> {
  const places = await Promise.all(names.map((name) => (name === '-' ? name : asFault(name, () => realpath(name)))))
  const twin = names.find((_, index) => places.indexOf(places[index] ?? '') < index)
  if (twin === undefined) return
  throw new Fault('not_valid', `${twin === '-' ? 'The standard input' : twin} is given twice: name it once`)
}

async function readOrFault(read: SourceFiles['read'], folder: string): Promise<readonly SourceFile[] | Fault> {
  try {
    return await read([folder])
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

/** Under another name first, so that who watches the folder never reads half a file. */
async function writeOne(path: string, text: string): Promise<string> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}`)
  await writeFile(unfinished, text)
  await rename(unfinished, path)
  return path
}

/** Links are followed: a ConfigMap's files are links into a folder that is swapped. */
async function filesAt(path: string): Promise<readonly string[]> {
  if (path === '-') return [path]
  return asFault(path, async () => {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/i.test(name)).sort()
    const kept = await Promise.all(names.map(async (name) => (await stat(join(path, name))).isFile()))
    const files = names.filter((_, index) => kept[index]).map((name) => join(path, name))
    if (files.length === 0) throw new Fault('not_found', `There is no .yaml or .yml file in ${path}`)
    return files
  })
}

/** Its size is looked at first, so that nothing huge is read, and again after, since it may have grown. */
function readOne(path: string): Promise<Uint8Array> {
  return asFault(path, async () => {
    const found = await stat(path)
    if (!found.isFile()) throw new Fault('not_valid', `${path} is no file`)
    if (found.size <= fileBytesMax) {
      const bytes = await readFile(path)
      if (bytes.length <= fileBytesMax) return bytes
    }
    throw tooLarge(path)
  })
}

async function readInput(input: Input): Promise<Uint8Array> {
  const bounded = async function* () {
    let left = fileBytesMax
    for await (const part of input) {
      left -= part.length
      if (left < 0) throw tooLarge('The standard input')
      yield part
    }
  }
  return buffer(bounded())
}

function tooLarge(what: string): Fault {
  return new Fault('not_valid', `${what} has more than ${fileBytesMax} bytes: no limits are that long`)
}

async function asFault<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    const { code } = cause as NodeJS.ErrnoException
    const said = code === 'ENOENT' ? 'is not there' : `cannot be used (${code ?? String(cause)})`
    throw new Fault('not_found', `${path} ${said}`, { cause })
  }
}
