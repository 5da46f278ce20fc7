import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { Fault } from '../core/fault.ts'
import { createSealedFile } from '../files/sealed-file.ts'
import { installationOf, readStoreMeta, type StoreMeta } from '../postgres/store-meta.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { untilItWorks } from './database.ts'

/** What was fixed at install, and whether the database said so just now. */
export interface Install {
  /** Signs tickets. */
  readonly ticketKey: Uint8Array
  /** Names this installation to its store; absent: neither the database nor a copy says it. */
  readonly installation?: string
  /** The database does not answer: the facts are of an earlier start. */
  readonly isCopy: boolean
}

interface InstallParts {
  readonly settings: Settings
  readonly observer: Observer
  readonly pool: Pool
  readonly ending: AbortController
  /** What `/readyz` says beside `ready`. */
  readonly warnings: Set<string>
  readonly missing: Set<string>
}

/** So long the database may take before the copy is used: services that start together come up in any order. */
const patienceMs = 2_000
const pauseMs = 250
const format = 1
const awaySentence = 'PostgreSQL does not answer: serving by what was copied to disk'

/**
 * Reads the facts of the installation. While the database does not answer they come from the copy that an earlier start left in the data
 * folder (or the key from the settings); without one it waits. As soon as the database answers again the copy is held against it: a database
 * of another installation ends the process.
 */
export async function readInstall(parts: InstallParts): Promise<Install> {
  const { settings, observer, pool, ending, missing } = parts
  const copy = createSealedFile({ folder: settings.TOLLGATE_DATA_FOLDER, name: 'install.copy', bytesMax: 65_536 })
  const read = (): Promise<StoreMeta> => readStoreMeta(pool)
  const write = (meta: StoreMeta): Promise<void> =>
    copy
      .write([JSON.stringify({ format, ticketKey: Buffer.from(meta.ticketKey).toString('hex') })])
      .catch((error: unknown) => observer.warn('install_not_copied', { error }))
  const quick = await withPatience(read, ending.signal)
  if (quick !== undefined) {
    await write(quick)
    return installOf(quick, settings)
  }
  const copied = settings.TOLLGATE_POLICY_COPY_DAYS_MAX === 0 ? { reason: 'Copies are not used' } : await readCopy(copy)
  const ticketKey = keyOf(settings) ?? copied.ticketKey
  if (ticketKey !== undefined && settings.TOLLGATE_POLICY_COPY_DAYS_MAX > 0) {
    void checkLater(parts, copied.ticketKey).then((meta) => meta && write(meta))
    return { ticketKey, isCopy: true, ...(copied.ticketKey && { installation: installationOf(copied.ticketKey) }) }
  }
  const reason = copied.reason ?? 'There is no copy of the install on disk'
  observer.warn('install_copy_unusable', { reason })
  missing.add(reason)
  const meta = await untilItWorks(read, { observer, signal: ending.signal })
  missing.delete(reason)
  await write(meta)
  return installOf(meta, settings)
}

function installOf({ ticketKey, installation }: StoreMeta, settings: Settings): Install {
  return { ticketKey: keyOf(settings) ?? ticketKey, installation, isCopy: false }
}

/** Undefined when the database did not answer in time; what only an operator can mend is thrown. */
async function withPatience(read: () => Promise<StoreMeta>, signal: AbortSignal): Promise<StoreMeta | undefined> {
  const startedMs = performance.now()
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Fault) || !error.transient || signal.aborted) throw error
    }
    if (performance.now() - startedMs > patienceMs) return undefined
    await delay(pauseMs, undefined, { signal })
  }
}

interface Copied {
  readonly ticketKey?: Uint8Array
  /** Why there is none. */
  readonly reason?: string
}

async function readCopy(copy: ReturnType<typeof createSealedFile>): Promise<Copied> {
  try {
    let copied: Copied = {}
    await copy.read((line) => {
      const facts = JSON.parse(line) as { readonly format: number; readonly ticketKey: string }
      const isKnown = facts.format === format
      copied = isKnown
        ? { ticketKey: Buffer.from(facts.ticketKey, 'hex') }
        : { reason: `The copy of the install has format ${facts.format}; this release reads ${format}` }
    })
    return copied
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Ends the process when the database, once it answers, is not the one that the copy is of. */
async function checkLater(
  { observer, pool, ending, warnings }: InstallParts,
  copied: Uint8Array | undefined,
): Promise<StoreMeta | undefined> {
  warnings.add(awaySentence)
  observer.warn('started_without_database', { reason: awaySentence })
  try {
    const meta = await untilItWorks(() => readStoreMeta(pool), { observer, signal: ending.signal })
    if (copied !== undefined && Buffer.compare(meta.ticketKey, copied) !== 0)
      throw new Fault(
        'wrong_store_format',
        'This database is of another installation than the copies in the data folder',
      )
    warnings.delete(awaySentence)
    observer.info('database_back')
    return meta
  } catch (error) {
    if (!ending.signal.aborted) ending.abort(error)
    return undefined
  }
}

function keyOf({ TOLLGATE_TICKET_KEY: key }: Settings): Uint8Array | undefined {
  return key === undefined ? undefined : Buffer.from(key, 'utf8')
}
