/** A target read once: `path` is decoded, `segments` are its parts without the leading slash and a trailing one. */
export interface ReadPath {
  readonly kind: 'path'
  readonly path: string
  readonly segments: readonly string[]
  readonly trailingSlash: boolean
}

/** A target that two servers could read differently: refused, because it cannot be priced. */
export interface UnreadablePath {
  readonly kind: 'invalid'
  /** A sentence for the caller, without full stop. */
  readonly reason: string
}

const pathLengthMax = 2_048
/** The longest name that common file systems hold. */
const segmentLengthMax = 255
const openPathLengthMax = 8_192

/** RFC 3986 pchar without `;`, which some servers cut paths at. Names on an index need no others. */
const plain = /^[A-Za-z0-9._~!$&'()*+,=:@/-]*$/

const faults = {
  start: 'The path must begin with one slash',
  long: `The path must have at most ${pathLengthMax} characters and ${segmentLengthMax} between slashes`,
  escape: 'Every % in the path must be followed by two hexadecimal digits',
  twice: 'The path must be percent-encoded once, not twice',
  slash: 'The path must not hold encoded slashes or backslashes',
  empty: 'The path must not hold empty segments; write single slashes',
  dot: 'The path must not hold . or .. segments',
  control: 'The path must not hold control characters',
  character: 'The path holds a character that no package or file name has',
} as const

/**
 * Reads a target of a package index, decoding once. There is one spelling per file up to the encoding of plain letters; everything that a
 * lenient server might map elsewhere (empty and dot segments, encoded slashes, backslashes, `;params`, double encoding, control and
 * non-ASCII bytes, over-long names) is unreadable. A query is dropped: no layout serves files by query.
 */
export function readPath(target: string): ReadPath | UnreadablePath {
  const raw = withoutQuery(target)
  if (!raw.startsWith('/')) return unreadable('start')
  if (raw.length > pathLengthMax * 3) return unreadable('long')
  const path = plain.test(raw) ? raw : decodeOnce(raw)
  if (typeof path !== 'string') return path
  return path.length > pathLengthMax ? unreadable('long') : split(path)
}

/** Reads a target of which every path costs the same: kept as it is, only control characters and excess length are refused. */
export function readOpenPath(target: string): ReadPath | UnreadablePath {
  const path = withoutQuery(target)
  if (!path.startsWith('/')) return unreadable('start')
  if (path.length > openPathLengthMax) return unreadable('long')
  if (hasControl(path)) return unreadable('control')
  return { kind: 'path', path, segments: [], trailingSlash: path.endsWith('/') }
}

function withoutQuery(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

function decodeOnce(raw: string): string | UnreadablePath {
  let path = ''
  for (let index = 0; index < raw.length; index += 1) {
    const character = raw.charAt(index)
    if (character !== '%') {
      path += character
      continue
    }
    const digits = raw.slice(index + 1, index + 3)
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return unreadable('escape')
    const decoded = String.fromCharCode(Number.parseInt(digits, 16))
    if (decoded === '%') return unreadable('twice')
    if (decoded === '/' || decoded === '\\') return unreadable('slash')
    path += decoded
    index += 2
  }
  if (path.includes('\\')) return unreadable('slash')
  return plain.test(path) ? path : unreadable(hasControl(path) ? 'control' : 'character')
}

function split(path: string): ReadPath | UnreadablePath {
  const trailingSlash = path.length > 1 && path.endsWith('/')
  const inner = trailingSlash ? path.slice(1, -1) : path.slice(1)
  const segments = inner === '' && !trailingSlash ? [] : inner.split('/')
  for (const segment of segments) {
    if (segment === '') return unreadable('empty')
    if (segment === '.' || segment === '..') return unreadable('dot')
    if (segment.length > segmentLengthMax) return unreadable('long')
  }
  return { kind: 'path', path, segments, trailingSlash }
}

function hasControl(text: string): boolean {
  return [...text].some((character) => isControl(character.charCodeAt(0)))
}

function isControl(code: number): boolean {
  return code < 0x20 || code === 0x7f
}

function unreadable(fault: keyof typeof faults): UnreadablePath {
  return { kind: 'invalid', reason: faults[fault] }
}
