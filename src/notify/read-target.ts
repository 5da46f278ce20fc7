import { isIP } from 'node:net'
import { isPublicAddress } from './public-address.ts'

/** Where to dial; `why` in words for people, without the target's text: it may be a secret. */
export type Target =
  | { readonly url: URL; readonly host: string; readonly isAddress: boolean }
  | { readonly why: string }

const lengthMax = 2_000
/** Said to who sets it over the API and at the command line. */
const allowed = 'an administrator may allow it as a private target: private_target, or --private-target'
/** Below it live services that speak no HTTPS; from it on anybody may listen. */
const openPortMin = 1_024

/**
 * Reads the URL of a target. Public ones are https, on port 443 or from 1024 on, without a name or password inside; a literal address must be a
 * public one. Private ones (`isPrivate`) may be plain http, on any port and address.
 */
export function readTarget(text: string, { isPrivate }: { readonly isPrivate: boolean }): Target {
  if (text.length > lengthMax || !URL.canParse(text)) return { why: 'The target is not a URL' }
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { why: 'The target must begin with https://' }
  if (url.protocol === 'http:' && !isPrivate) return { why: `The target must begin with https://; ${allowed}` }
  if (url.username !== '' || url.password !== '')
    return { why: 'The target must not hold a name or password before the host' }
  const port = url.port === '' ? 443 : Number(url.port)
  if (!isPrivate && port !== 443 && port < openPortMin)
    return { why: `The target's port must be 443 or from ${openPortMin} on` }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isAddress = isIP(host) !== 0
  if (isAddress && !isPrivate && !isPublicAddress(host)) return { why: notPublic }
  return { url, host, isAddress }
}

export const notPublic = `The target is not on the public Internet; ${allowed}`
