import type { Credential } from './principal.ts'
import { looksLikeToken } from './token-text.ts'

const malformed: Credential = { kind: 'malformed' }
/** A token is 40 letters; a Basic user name may be long, but not without end. */
const headerLengthMax = 1_024

/**
 * What the caller presented: Bearer, Basic with the token as password of any user, or Basic with the token as user and an empty
 * password (how pip, uv, poetry and pdm send `https://TOKEN@host`). `token` always has a token's shape and checksum.
 *
 * Envoy joins a repeated Authorization with a comma, which neither base64 nor a token holds: malformed. An empty value and Basic without
 * user and password are malformed too, not `none`: a job whose secret variable is unset must be told, not served as anonymous.
 */
export function parseCredential(headers: ReadonlyMap<string, string>): Credential {
  const header = headers.get('authorization')
  if (header === undefined) return { kind: 'none' }
  if (header.length > headerLengthMax) return malformed
  const [, scheme, value] = /^\s*([A-Za-z]+) +(\S+)\s*$/.exec(header) ?? []
  if (scheme === undefined || value === undefined) return malformed
  const secret = secretOf(scheme.toLowerCase(), value)
  return secret !== undefined && looksLikeToken(secret) ? { kind: 'token', secret } : malformed
}

function secretOf(scheme: string, value: string): string | undefined {
  if (scheme === 'bearer') return value
  return scheme === 'basic' ? secretOfBasic(value) : undefined
}

/** RFC 7617: the user ends at the first colon. Padding may be missing; anything else that is not base64 is refused. */
function secretOfBasic(value: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || value.replaceAll('=', '').length % 4 === 1) return undefined
  const pair = atob(value.replaceAll('=', ''))
  const colon = pair.indexOf(':')
  if (colon < 0) return undefined
  const password = pair.slice(colon + 1)
  return password === '' ? pair.slice(0, colon) : password
}
