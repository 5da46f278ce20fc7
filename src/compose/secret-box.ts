import { hkdfSync } from 'node:crypto'
import type { Pool } from 'pg'
import type { SecretOpener, TargetMarker } from '../alerts/ports.ts'
import type { SecretSealer } from '../manage/ports.ts'
import { createSecretBox } from '../notify/secret-box.ts'
import { readStoreMeta } from '../postgres/store-meta.ts'
import { channelVariablePrefix, type Settings } from '../settings.ts'

const keyBytes = 32
const purpose = 'tollgate sealed secrets'

type SecretBox = SecretOpener & SecretSealer & TargetMarker

interface SecretBoxParts {
  readonly settings: Settings
  /** Where `env:` secrets of channels come from. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly pool: Pool
}

/**
 * What seals and opens the secrets of rows: by TOLLGATE_KEY, else by a key that is derived from what was drawn at install (HKDF, RFC 5869), so
 * that every process and the command line have the same. It is read on first use, since the database need not answer yet: then all throw a
 * `Fault` of code `policy_unavailable`.
 */
export function createInstallSecretBox(parts: SecretBoxParts): SecretBox {
  let opened: ReturnType<typeof openSecretBox> | undefined
  const box = (): ReturnType<typeof openSecretBox> => {
    opened ??= openSecretBox(parts).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  return {
    open: async (reference) => (await box()).open(reference),
    seal: async (plain) => (await box()).seal(plain),
    markOf: async (reference) => (await box()).markOf(reference),
  }
}

async function openSecretBox(given: SecretBoxParts): Promise<SecretBox> {
  const { settings, environment, pool } = given
  const key = settings.TOLLGATE_KEY === undefined ? await derivedKey(pool) : Buffer.from(settings.TOLLGATE_KEY, 'hex')
  return createSecretBox({ key, environment, prefix: channelVariablePrefix })
}

async function derivedKey(pool: Pool): Promise<Uint8Array> {
  const { ticketKey } = await readStoreMeta(pool)
  return new Uint8Array(hkdfSync('sha256', ticketKey, '', purpose, keyBytes))
}
