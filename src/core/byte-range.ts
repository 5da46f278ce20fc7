/** Which bytes of a file a request asks for: from a byte to the end or before another, or the last few. */
export type ByteRange =
  | { readonly kind: 'from'; readonly start: number; readonly end?: number }
  | { readonly kind: 'last'; readonly count: number }

const form = /^bytes=(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/

/**
 * Reads a `Range` header (RFC 9110 §14.2). Undefined for what a server answers with the whole file: none, one it cannot read, several ranges at
 * once, or one under a condition (`If-Range`) that may not hold.
 */
export function readRange(headers: ReadonlyMap<string, string>): ByteRange | undefined {
  return headers.has('if-range') ? undefined : rangeOf(headers.get('range'))
}

/** The first byte that a request asks for, condition or not: more than 0 says that the caller has what stands before. */
export function firstByteOf(range: string | undefined): number {
  const read = rangeOf(range)
  return read?.kind === 'from' ? read.start : 0
}

/** How many bytes an answer will hold. Of a file whose size is not known a range without an end may hold all that is assumed. */
export function expectedBytes(
  range: ByteRange | undefined,
  size: { readonly known: number | undefined; readonly assumed: number },
): number {
  if (range === undefined) return size.known ?? size.assumed
  if (size.known !== undefined) return bytesInRange(range, size.known)
  const isBounded = range.kind === 'last' || range.end !== undefined
  return isBounded ? bytesInRange(range, Number.MAX_SAFE_INTEGER) : size.assumed
}

function bytesInRange(range: ByteRange, sizeBytes: number): number {
  if (range.kind === 'last') return Math.min(range.count, sizeBytes)
  // Out of the file: the answer is 416 and costs nothing.
  return Math.max(0, Math.min(range.end ?? sizeBytes, sizeBytes) - range.start)
}

/** The file's size as a `Content-Range` of a 206 tells it (RFC 9110 §14.4); undefined when it does not. */
export function sizeInContentRange(contentRange: string): number | undefined {
  const size = /^bytes \d{1,15}-\d{1,15}\/(\d{1,15})$/.exec(contentRange)?.[1]
  return size === undefined ? undefined : Number(size)
}

function rangeOf(text: string | undefined): ByteRange | undefined {
  const [, first, last, count] = form.exec(text?.trim() ?? '') ?? []
  if (count !== undefined) return { kind: 'last', count: Number(count) }
  if (first === undefined) return undefined
  if (last === undefined) return { kind: 'from', start: Number(first) }
  const [start, end] = [Number(first), Number(last) + 1]
  return end > start ? { kind: 'from', start, end } : undefined
}
