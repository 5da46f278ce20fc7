import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../core/fault.ts'
import { bundledPostgresFolder, findEmbeddedPostgres, startEmbeddedPostgres } from '../postgres/embedded.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { makeDataFolder } from './data-folder.ts'
import { type DatabaseKeeping, keepDatabase } from './keep-database.ts'

/** A PostgreSQL to work with, and how to leave it. */
export interface Database {
  /** May hold a password: never logged. */
  readonly url: string
  /** True for the PostgreSQL that Tollgate brings along. */
  readonly isEmbedded: boolean
  close(): Promise<void>
}

/** False when `openDatabase` would make a new one. */
export function hasDatabase({ DATABASE_URL: url, TOLLGATE_DATA_FOLDER: folder }: Settings): boolean {
  return url !== undefined || existsSync(join(folder, 'postgres'))
}

/**
 * Where the configured database is, or else the embedded one of the data folder runs at this moment: it may move when it is started anew. Starts
 * none. Throws `policy_unavailable` when none runs.
 */
export function runningDatabaseUrl({ DATABASE_URL: url, TOLLGATE_DATA_FOLDER: folder }: Settings): string {
  const dataFolder = join(folder, 'postgres')
  const found = url ?? findEmbeddedPostgres(dataFolder)
  if (found !== undefined) return found
  const sentence = `No PostgreSQL runs in ${dataFolder}: start tollgate serve first, or set DATABASE_URL`
  throw new Fault('policy_unavailable', sentence, { transient: true })
}

/**
 * The configured database; else the embedded one of the data folder, started here unless a process already runs it. Throws `settings_invalid`
 * when there cannot be such a folder. With `keeping`, one that is started here is started again when it ends by itself.
 */
export async function openDatabase(settings: Settings, keeping?: DatabaseKeeping): Promise<Database> {
  const close = async (): Promise<void> => undefined
  if (settings.DATABASE_URL !== undefined) return { url: settings.DATABASE_URL, isEmbedded: false, close }
  makeDataFolder(settings.TOLLGATE_DATA_FOLDER)
  const dataFolder = join(settings.TOLLGATE_DATA_FOLDER, 'postgres')
  const running = findEmbeddedPostgres(dataFolder)
  if (running !== undefined) return { url: running, isEmbedded: true, close }
  const servers = settings.TOLLGATE_SERVERS_FOLDER
  const binariesFolder = servers === undefined ? bundledPostgresFolder : join(servers, 'embedded_postgres/pginstall')
  const start = (port?: number) => startEmbeddedPostgres({ binariesFolder, dataFolder, fsync: true, port })
  const postgres = await start()
  const kept = keeping && keepDatabase(postgres, { start, keeping })
  return { url: postgres.url, isEmbedded: true, close: () => kept?.close() ?? postgres.stop() }
}

const pauseMsMax = 5_000
const messageEvery = 4

/** Tries until it works or the signal ends it, telling progress; only transient faults are tried again. */
export async function untilItWorks<T>(
  attempt: () => Promise<T>,
  { observer, signal }: { readonly observer: Observer; readonly signal: AbortSignal },
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Fault) || !error.transient || signal.aborted) throw error
      if (failures % messageEvery === 0)
        observer.warn('waiting_for_database', { attempt: failures + 1, reason: error.message })
      await delay(Math.min(pauseMsMax, 250 * 2 ** Math.min(failures, 10)), undefined, { signal })
    }
  }
}
