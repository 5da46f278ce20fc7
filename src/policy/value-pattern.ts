import { RE2JS } from 're2js'
import { type Cidr, contains, parseCidr } from '../core/cidr.ts'
import type { ValueMatch } from '../core/descriptor-rule.ts'

/** Values of which patterns can be tried: no more than Envoy takes of headers in one request. */
const regexTextLengthMax = 65_536

/** Why RE2, with its linear time, no look-around and no back-references, does not take the pattern. Undefined: it does. */
export function regexFault(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern)
    return undefined
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^error parsing regexp: /, '')
  }
}

/** Whether a value matches. Compiled when it is first asked, once; takes time in proportion to the value, whatever the pattern. */
export function valueMatcher(match: Exclude<ValueMatch, { kind: 'any' | 'exact' }>): (value: string) => boolean {
  if (match.kind === 'wildcard') return wildcardMatcher(match.value)
  if (match.kind === 'cidr') return cidrMatcher(match.cidr)
  let compiled: RE2JS | undefined
  return (value) => {
    compiled ??= RE2JS.compile(match.pattern)
    return value.length <= regexTextLengthMax && compiled.matches(value)
  }
}

/** Whether the time it takes grows with the value: a beginning, an end or a network do not look at all of it. */
export function searchesValue(match: ValueMatch): boolean {
  return match.kind === 'regex' || (match.kind === 'wildcard' && /\*[^*]+\*/.test(match.value))
}

/** Of a pattern that only says how a value begins, the beginning: `text` of `text*`. */
export function prefixOf(match: ValueMatch): string | undefined {
  if (match.kind !== 'wildcard') return undefined
  const length = match.value.length - 1
  return match.value.indexOf('*') === length ? match.value.slice(0, length) : undefined
}

/** The pieces between the `*` in order, each at its first place after the one before: no other place of it could help those that follow. */
function wildcardMatcher(pattern: string): (value: string) => boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop() ?? ''
  const pieces = rest.filter((piece) => piece !== '')
  const lengthMin = first.length + last.length
  return (value) => {
    if (value.length < lengthMin || !value.startsWith(first) || !value.endsWith(last)) return false
    let place = first.length
    const end = value.length - last.length
    for (const piece of pieces) {
      const found = value.indexOf(piece, place)
      if (found === -1 || found + piece.length > end) return false
      place = found + piece.length
    }
    return true
  }
}

let lastText = ''
let lastAddress: Cidr | undefined

/** One value is tried against many networks in a row: it is read once. */
function addressOf(text: string): Cidr | undefined {
  if (text !== lastText) {
    lastText = text
    lastAddress = parseCidr(text)
  }
  return lastAddress
}

function cidrMatcher(cidr: string): (value: string) => boolean {
  const network = parseCidr(cidr)
  return (value) => {
    const address = addressOf(value)
    return network !== undefined && address !== undefined && contains(network, address)
  }
}
