import { Fault } from '../core/fault.ts'
import type { EmbeddedPostgres } from '../postgres/embedded.ts'
import type { Observer } from '../telemetry/observer.ts'

/** Who is told of an embedded PostgreSQL that ended by itself. */
export interface DatabaseKeeping {
  readonly observer: Observer
  /** What `/readyz` says beside `ready`. */
  readonly warnings: Set<string>
  /** It cannot be started again: this process should end, so that whoever keeps it begins anew. */
  readonly onLost: (fault: Fault) => void
}

export interface KeptDatabase {
  /** Stops it for good. */
  close(): Promise<void>
}

export const databaseEndedSentence = 'The embedded PostgreSQL ended by itself and is being started again'
/** One that runs so long and then ends begins to count anew. */
const settledMs = 60_000
const quickEndsMax = 5

/**
 * Starts the PostgreSQL of the data folder again whenever it ends by itself, on its port, so that its URL stays good. It is lost when that fails, or
 * when it has ended five times in a row within a minute of its start.
 */
export function keepDatabase(
  first: EmbeddedPostgres,
  {
    start,
    keeping: { observer, warnings, onLost },
  }: { readonly start: (port: number) => Promise<EmbeddedPostgres>; readonly keeping: DatabaseKeeping },
): KeptDatabase {
  let current = first
  let isClosing = false

  async function keep(): Promise<void> {
    for (let quickEnds = 0; ; ) {
      const startedMs = performance.now()
      const code = await current.ended
      if (isClosing) return
      warnings.add(databaseEndedSentence)
      observer.warn('embedded_postgres_ended', { code: code ?? 'killed' })
      quickEnds = performance.now() - startedMs < settledMs ? quickEnds + 1 : 0
      if (quickEnds >= quickEndsMax) throw new Error(`it has ended ${quickEnds} times in a row`)
      current = await start(first.port)
      if (isClosing) return await current.stop()
      warnings.delete(databaseEndedSentence)
      observer.info('embedded_postgres_started_again')
    }
  }

  const kept = keep().catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    onLost(new Fault('internal', `The embedded PostgreSQL ended and cannot be started again: ${why}`, { cause }))
  })
  return {
    async close() {
      isClosing = true
      await current.stop()
      await kept
    },
  }
}
