/** A block of addresses: IPv4 as 32, IPv6 as 128 bits. */
export interface Cidr {
  readonly bits: 32 | 128
  readonly base: bigint
  readonly prefix: number
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address; undefined when it is neither. Host bits may be set; IPv4 inside IPv6 is IPv4. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', length] = /^([0-9A-Fa-f:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const value = address.includes(':') ? parseIpv6(address) : parseIpv4(address)
  if (value === undefined) return undefined
  const bits = address.includes(':') ? 128 : 32
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return undefined
  if (bits === 128 && prefix >= 96 && value >> 32n === 0xffffn) return block(32, value & 0xffffffffn, prefix - 96)
  return block(bits, value, prefix)
}

/** Whether every address of `inner` lies in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.prefix >= outer.prefix && overlaps(outer, inner)
}

/** Whether some address lies in both. */
export function overlaps(left: Cidr, right: Cidr): boolean {
  if (left.bits !== right.bits) return false
  const shift = BigInt(left.bits - Math.min(left.prefix, right.prefix))
  return left.base >> shift === right.base >> shift
}

function block(bits: 32 | 128, value: bigint, prefix: number): Cidr {
  const shift = BigInt(bits - prefix)
  return { bits, base: (value >> shift) << shift, prefix }
}

/** Four decimal numbers without leading zeros: octal readings are not for us to guess. */
function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

/** RFC 4291 §2.2, `::` once and a last IPv4 part included. */
function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<bigint>(Math.max(0, missing)).fill(0n), ...(tail ?? [])]
  return groups.reduce((value, group) => (value << 16n) | group, 0n)
}

function groupsOf(half: string): readonly bigint[] | undefined {
  if (half === '') return []
  const parts = half.split(':')
  const last = parts.at(-1) ?? ''
  const mapped = last.includes('.') ? parseIpv4(last) : undefined
  if (last.includes('.') && mapped === undefined) return undefined
  const plain = mapped === undefined ? parts : parts.slice(0, -1)
  if (!plain.every((part) => /^[0-9A-Fa-f]{1,4}$/.test(part))) return undefined
  const groups = plain.map((part) => BigInt(`0x${part}`))
  return mapped === undefined ? groups : [...groups, mapped >> 16n, mapped & 0xffffn]
}
