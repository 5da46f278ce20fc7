import ipaddr from 'ipaddr.js'

/** Well-known prefix of RFC 6052: networks without IPv4 reach it through addresses that hold the real one at their end. */
const translated = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * True for an address that anybody on the Internet may reach: not private, loopback, link-local, shared (100.64/10), multicast, documentation or
 * otherwise set aside by the IANA special-purpose registries (RFC 6890), also not inside an IPv6 form (mapped, 6to4, Teredo). Of addresses
 * translated by RFC 6052 the IPv4 address inside decides. Text that is no address is not public.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.parse(text)
  if (address instanceof ipaddr.IPv4) return address.range() === 'unicast'
  if (address.match(translated)) return ipaddr.fromByteArray(address.toByteArray().slice(12)).range() === 'unicast'
  return address.range() === 'unicast' && address.match(globalUnicast)
}
