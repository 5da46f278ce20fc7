import { type FSWatcher, watch } from 'node:fs'

/** How long nothing has to happen before what happened is looked at: editors and kubelets do several things at once. */
const quietMsDefault = 300
/** Whoever writes all the time is looked at all the same. */
const quietMsMax = 5_000
/** Shared disks tell nothing of what others write, and a folder may be swapped for another: looked at so often anyway. */
const pollMsDefault = 10_000

export interface FolderWaits {
  readonly quietMs?: number
  readonly pollMs?: number
}

/** What a folder tells from now on. */
export interface FolderWatch {
  /** Resolves once something changed and then was quiet for a moment, some seconds passed, or it ended. Never rejects. */
  changed(): Promise<void>
  close(): void
}

/** Watches what is in a folder; a folder that cannot be watched is only looked at now and then. */
export function watchFolder(folder: string, ended: AbortSignal, waits: FolderWaits = {}): FolderWatch {
  const { quietMs = quietMsDefault, pollMs = pollMsDefault } = waits
  const { promise, resolve } = Promise.withResolvers<void>()
  let quiet: NodeJS.Timeout | undefined
  let latest: NodeJS.Timeout | undefined
  const poll = setTimeout(resolve, pollMs)
  const watcher = opened(folder, () => {
    clearTimeout(quiet)
    quiet = setTimeout(resolve, quietMs)
    latest ??= setTimeout(resolve, quietMsMax)
  })
  if (ended.aborted) resolve()
  ended.addEventListener('abort', () => resolve(), { once: true })
  return {
    changed: () => promise,
    close() {
      for (const timer of [quiet, latest, poll]) clearTimeout(timer)
      watcher?.close()
    },
  }
}

function opened(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, onEvent)
    // The folder went away, or there are too many watches: the next look tells.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
