import { contains, parseCidr } from '../core/cidr.ts'
import { Fault } from '../core/fault.ts'
import { isReference } from '../core/target-hint.ts'
import type { ChannelKindWord } from './channel-ports.ts'

const mailbox = /^[^@\s<>,;]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}$/
const targetBytesMax = 1_000
/** RFC 6890 and what else is nobody's public address; the dial checks every address again, whatever name led to it. */
const privateBlocks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3', '::/127', 'fc00::/7', 'fe80::/10', 'ff00::/8', '64:ff9b::/96'],
].flatMap((text) => parseCidr(text) ?? [])

/**
 * Refuses a target that could not be used or is not for the caller to name. `isPrivate`: plain http and private networks are allowed, and so
 * are references. Throws a `Fault` of code `not_valid`.
 */
export function assertTarget(
  kind: ChannelKindWord,
  target: string,
  { isPrivate, mayRefer }: { readonly isPrivate: boolean; readonly mayRefer: boolean },
): void {
  if (!/^\S{3,}$/.test(target) || Buffer.byteLength(target) > targetBytesMax)
    throw notValid(`target must be one word of 3 to ${targetBytesMax} bytes`)
  if (kind === 'email') {
    if (!mailbox.test(target)) throw notValid('target of a mail channel must be one address, such as alice@example.org')
    return
  }
  if (isReference(target)) {
    if (!mayRefer)
      throw notValid('target must be the address itself: only an administrator may name a variable or a file')
    return
  }
  assertUrl(target, isPrivate)
}

function assertUrl(target: string, isPrivate: boolean): void {
  const url = URL.parse(target)
  if (url === null || !['https:', 'http:'].includes(url.protocol) || url.hostname === '')
    throw notValid('target must be an address starting with https://')
  if (url.username !== '' || url.password !== '') throw notValid('target must not hold a user or a password')
  if (isPrivate) return
  if (url.protocol !== 'https:') throw notValid('target must start with https://')
  if (isPrivateHost(url.hostname)) throw notValid('target must be on the public internet')
}

function isPrivateHost(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (/(?:^|\.)(?:localhost|local|internal)$/i.test(name)) return true
  const address = parseCidr(name)
  return address !== undefined && privateBlocks.some((block) => block.bits === address.bits && contains(block, address))
}

function notValid(message: string): Fault {
  return new Fault('not_valid', message)
}
