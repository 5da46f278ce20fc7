import { Fault } from './fault.ts'

const prefix = 'tg_'
const bodyLength = 30
const sumLength = 6
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const shape = /^tg_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}$/
/** The largest multiple of 62 in a byte: higher bytes are drawn again, so that every letter is equally likely. */
const fairBytesMax = 248
const drawsMax = 32

/** `tg_<30 base62>_<6 base62>`: 178 random bits, then the CRC-32 of everything before the last underscore, so that typing errors and scanners need no look-up. */
export function looksLikeToken(text: string): boolean {
  if (!shape.test(text)) return false
  const signed = text.slice(0, prefix.length + bodyLength)
  return text.slice(signed.length + 1) === checksum(signed)
}

/** A new token's text. `randomBytes(count)` must be cryptographic; the text is the secret, shown once and kept nowhere. */
export function makeTokenText(randomBytes: (count: number) => Uint8Array): string {
  let letters = ''
  for (let draw = 0; draw < drawsMax && letters.length < bodyLength; draw += 1) {
    for (const byte of randomBytes(bodyLength)) if (byte < fairBytesMax) letters += alphabet.charAt(byte % 62)
  }
  if (letters.length < bodyLength) throw new Fault('internal', 'The source of randomness repeats itself')
  const signed = prefix + letters.slice(0, bodyLength)
  return `${signed}_${checksum(signed)}`
}

/** What people see of a token: its first four letters and its last four, `tg_AbCd…wxyz`. */
export function hintOf(tokenText: string): string {
  return `${tokenText.slice(0, prefix.length + 4)}…${tokenText.slice(-4)}`
}

function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let place = 0; place < sumLength; place += 1) {
    digits = alphabet.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  return sum
})

/** CRC-32 of ISO-HDLC (zlib, PNG). */
function crc32(text: string): number {
  let sum = 0xffffffff
  for (let index = 0; index < text.length; index += 1) {
    sum = (sum >>> 8) ^ (crcTable[(sum ^ text.charCodeAt(index)) & 0xff] ?? 0)
  }
  return (sum ^ 0xffffffff) >>> 0
}
