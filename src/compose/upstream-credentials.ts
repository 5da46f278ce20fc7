import { constants, type FileHandle, open } from 'node:fs/promises'
import type { Upstream } from '../core/upstream.ts'
import { upstreamVariablePrefix } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'

const rereadMs = 60_000
const lengthMax = 4_096
const filesMax = 1_000

/** What upstream credentials stand for. Checks ask memory only; files are read beside them. */
export interface UpstreamCredentials {
  /** The value behind `env:TOLLGATE_UPSTREAM_…` or `file:/PATH`; undefined when there is none, or the file was not read yet. */
  secretOf(reference: string): string | undefined
  /** Reads the files of the upstreams in force: after each change of the policy, and by itself each minute for rotated secrets. Never throws. */
  refresh(): Promise<void>
  stop(): void
}

/**
 * Policy names its secrets, the operator decides which there are: of the environment only names that begin with `TOLLGATE_UPSTREAM_`, never
 * DATABASE_URL and its like. A file counts up to 4 KiB, trimmed; one that cannot be read is told and has no value. At most 1,000 files.
 */
export function createUpstreamCredentials(given: {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly upstreams: () => Iterable<Upstream>
  readonly observer: Observer
}): UpstreamCredentials {
  const { environment, upstreams, observer } = given
  let files: ReadonlyMap<string, string> = new Map()
  let isWantedAgain = false
  let reading: Promise<void> | undefined

  async function read(): Promise<void> {
    do {
      isWantedAgain = false
      files = await readAll(filesOf(upstreams(), observer), observer)
    } while (isWantedAgain)
    reading = undefined
  }

  /** One pass at a time, so that a file system that hangs holds no more than one thread. */
  function refresh(): Promise<void> {
    isWantedAgain = reading !== undefined
    reading ??= read()
    return reading
  }

  const timer = setInterval(() => void refresh(), rereadMs)
  timer.unref()
  return {
    secretOf(reference) {
      const name = reference.slice('env:'.length)
      if (!reference.startsWith('env:')) return files.get(reference)
      return name.startsWith(upstreamVariablePrefix) ? environment[name] : undefined
    },
    refresh,
    stop: () => clearInterval(timer),
  }
}

function filesOf(upstreams: Iterable<Upstream>, observer: Observer): readonly string[] {
  const references = new Set<string>()
  for (const { credential } of upstreams) if (credential?.startsWith('file:')) references.add(credential)
  if (references.size > filesMax) observer.warn('upstream_credentials_too_many', { files: references.size, filesMax })
  return [...references].slice(0, filesMax)
}

async function readAll(references: readonly string[], observer: Observer): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>()
  for (const reference of references) {
    const path = reference.slice('file:'.length)
    try {
      values.set(reference, await readStart(path))
    } catch (error) {
      observer.warn('upstream_credential_unreadable', { path, error })
    }
  }
  return values
}

/** Only of a plain file: a pipe or a device could keep the reader for ever. */
async function readStart(path: string): Promise<string> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) throw new Error('It is not a plain file')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(lengthMax), 0, lengthMax, 0)
    return buffer.toString('utf8', 0, bytesRead).trim()
  } finally {
    await file?.close()
  }
}
