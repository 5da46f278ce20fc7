import { open } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { basename, dirname } from 'node:path'
import { Fault } from '../core/fault.ts'

/** unix(7): sun_path has 108 bytes, with the closing zero. */
const pathBytesMax = 107
const answerMs = 1_000
/** What a connection is refused with when no process listens there. */
const deadCodes: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'])

/** Listens on a new unix socket that only says that this process lives. Throws a `Fault` of code `settings_invalid` when it cannot. */
export async function listenOnSocket(path: string): Promise<{ close(): Promise<void> }> {
  const server = createServer((socket) => socket.destroy())
  try {
    await atShortPath(path, async (short) => {
      const listening = Promise.withResolvers<void>()
      server.once('error', listening.reject)
      server.listen(short, listening.resolve)
      await listening.promise
    })
  } catch (cause) {
    throw new Fault('settings_invalid', `Cannot make a socket in the data folder, at ${path}`, { cause })
  }
  server.unref()
  return { close: () => new Promise((resolve) => server.close(() => resolve())) }
}

/** False only when the kernel says that no process listens there: any doubt counts as alive. */
export async function isSocketAlive(path: string): Promise<boolean> {
  try {
    return await atShortPath(path, connects)
  } catch (error) {
    return !deadCodes.has((error as NodeJS.ErrnoException).code)
  }
}

function connects(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const answer = (isAlive: boolean) => (): void => {
      socket.destroy()
      resolve(isAlive)
    }
    socket.setTimeout(answerMs, answer(true))
    socket.once('connect', answer(true))
    socket.once('error', (error: NodeJS.ErrnoException) => answer(!deadCodes.has(error.code))())
  })
}

/** Linux reaches a socket whose path is too long through its folder's open descriptor. */
async function atShortPath<T>(path: string, use: (short: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= pathBytesMax) return use(path)
  const folder = await open(dirname(path), 'r')
  try {
    return await use(`/proc/self/fd/${folder.fd}/${basename(path)}`)
  } finally {
    await folder.close()
  }
}
