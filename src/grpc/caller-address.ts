import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

const remembered = new LRUCache<string, string>({ max: 10_000 })
const lengthMax = 64

/**
 * The one spelling under which an address is limited and judged: IPv4 as it is, v4-mapped IPv6 unmapped, other IPv6 as its /64
 * (`2001:db8:1:2::/64`), because one caller commonly owns all of it. Empty when the text is no address.
 */
export function normalAddress(text: string): string {
  if (isIPv4(text)) return text
  if (text.length > lengthMax) return ''
  const known = remembered.get(text)
  if (known !== undefined) return known
  const normal = normalIPv6(text)
  remembered.set(text, normal)
  return normal
}

function normalIPv6(text: string): string {
  if (!ipaddr.IPv6.isValid(text)) return ''
  const address = ipaddr.IPv6.parse(text)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString()
  const network = new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0])
  return `${network.toString()}/64`
}
