import { createHmac } from 'node:crypto'

export interface Signed {
  readonly id: string
  readonly atMs: number
  readonly body: string
}

const prefix = 'whsec_'

/**
 * The three headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp` in seconds, and
 * `webhook-signature` with `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, once per key, separated by spaces. Without keys the last is
 * left out.
 */
export function signedHeaders(
  { id, atMs, body }: Signed,
  keys: readonly Uint8Array[],
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(atMs / 1_000))
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  }
}

/** The key inside `whsec_…`: 24 to 64 bytes in base64, as Standard Webhooks has it. Undefined for anything else. */
export function readSigningKey(secret: string): Uint8Array | undefined {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const key = Buffer.from(text, 'base64')
  return key.length >= 24 && key.length <= 64 ? key : undefined
}
