import { chmod, lstat, mkdir, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { Fault } from '../core/fault.ts'

/**
 * Makes way for a socket at `path`: makes its folder (0700) and removes the file that a killed process left behind.
 * Faults: `already_running` when somebody answers there, `settings_invalid` when something else than a socket lies there.
 */
export async function clearSocket(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw new Fault('settings_invalid', `${path} exists and is not a socket`)
  if (await answers(path)) throw new Fault('already_running', `Another process answers at ${path}`)
  await unlink(path)
}

/**
 * Runs `bind` so that the socket it makes is 0600 from its first moment; a mode set afterwards would leave a gap. The umask belongs to the
 * whole process, so `bind` must make the socket within its first turn of the event loop, as listening on a path does.
 */
export async function withPrivateSocket<T>(path: string, bind: () => Promise<T>): Promise<T> {
  const umask = process.umask(0o177)
  try {
    return await bind()
  } finally {
    process.umask(umask)
    await chmod(path, 0o600).catch(() => undefined)
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
