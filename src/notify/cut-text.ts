const ellipsis = '…'
const ellipsisBytes = Buffer.byteLength(ellipsis)

/** The text, or as much of its beginning as fits into so many bytes of UTF-8 with `…` behind it. Never half a character. */
export function cutToBytes(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text
  const bytes = Buffer.from(text)
  let end = Math.max(0, bytesMax - ellipsisBytes)
  // Bytes 10xxxxxx go on with a character; it is cut before its first byte.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end) + ellipsis
}

/** The same by UTF-16 code units, as JavaScript and Slack count; never half a surrogate pair. */
export function cutToLength(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text
  const head = text.slice(0, Math.max(0, lengthMax - ellipsis.length))
  return (/[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head) + ellipsis
}

/** One line of text that is safe anywhere: no control characters, nothing that turns the direction of what follows, no lone surrogates. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
}
