import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { constants, open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { SecretOpener, TargetMarker } from '../alerts/ports.ts'
import type { SecretSealer } from '../manage/ports.ts'

export interface SecretBoxOptions {
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Only variables whose names begin with it can be referred to, so that a row never reads the process's own secrets. */
  readonly prefix: string
}

export interface SecretBox extends SecretOpener, SecretSealer, TargetMarker {
  seal(plain: string): string
}

const sealMark = 'sealed:v1:'
const nonceBytes = 12
const tagBytes = 16
const fileBytesMax = 4_096
const markPurpose = 'tollgate marks of targets'

/**
 * Opens `env:NAME`, `file:/absolute/path` (at most 4 KiB, without the white space around it), `sealed:v1:…` and plain text; seals with
 * AES-256-GCM as `sealed:v1:` and base64url of nonce, text and tag. A mark is HMAC-SHA-256 under a key that is derived from this one.
 * @throws RangeError when the key has not 32 bytes.
 */
export function createSecretBox({ key, environment, prefix }: SecretBoxOptions): SecretBox {
  if (key.length !== 32) throw new RangeError('A secret box needs a key of 32 bytes')
  const markKey = Buffer.from(hkdfSync('sha256', key, '', markPurpose, 32))
  const open = async (reference: string): Promise<string | undefined> => {
    const colon = reference.indexOf(':')
    const rest = reference.slice(colon + 1)
    const kind = reference.slice(0, colon)
    if (kind === 'env') return filled(rest.startsWith(prefix) ? environment[rest] : undefined)
    if (kind === 'file') return filled(await readSecret(rest))
    return kind === 'sealed' ? unseal(reference, key) : filled(reference)
  }
  return {
    open,
    markOf: async (reference) =>
      createHmac('sha256', markKey)
        .update((await open(reference)) ?? reference)
        .digest('hex'),
    seal: (plain) => {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(sealMark))
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return sealMark + Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url')
    },
  }
}

function filled(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed === '' ? undefined : trimmed
}

async function readSecret(path: string): Promise<string | undefined> {
  if (!isAbsolute(path)) return undefined
  try {
    // A pipe would be waited for when it is opened, a device might never end.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) return undefined
    const bytes = Buffer.alloc(fileBytesMax + 1)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    return bytesRead > fileBytesMax ? undefined : bytes.toString('utf8', 0, bytesRead)
  } catch {
    return undefined
  }
}

function unseal(reference: string, key: Uint8Array): string | undefined {
  if (!reference.startsWith(sealMark)) return undefined
  const bytes = Buffer.from(reference.slice(sealMark.length), 'base64url')
  if (bytes.length < nonceBytes + tagBytes) return undefined
  try {
    const opener = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
    opener.setAAD(Buffer.from(sealMark)).setAuthTag(bytes.subarray(-tagBytes))
    return opener.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + opener.final('utf8')
  } catch {
    return undefined
  }
}
