import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'

const PATIENCE_MS = 500

/** Ends a connection; a statement in progress is given up. Never rejects, and does not wait for a server that does not answer. */
export async function endClient(client: pg.Client): Promise<void> {
  const patience = new AbortController()
  const impatient = delay(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {})
  await Promise.race([client.end().catch(() => {}), impatient])
  patience.abort()
}
