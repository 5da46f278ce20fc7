import { crc32 } from 'node:zlib'

/**
 * A record of a journal: length of the payload (4 bytes, little endian), CRC-32 over the length and the payload (4 bytes), payload. The sum
 * covers the length, so that neither a torn tail, a flipped bit nor a block of zeros (ext4 after a power loss) is taken for a record.
 */
export const headerBytes = 8
const lengthBytes = 4
/** `{` and `[` */
const jsonStarts: ReadonlySet<number> = new Set([0x7b, 0x5b])
/** A longer record is never written, so a length above it is not one. */
export const payloadBytesMax = 4 * 1_048_576

export function encodeFrame(payload: Buffer): Buffer {
  if (payload.length === 0 || payload.length > payloadBytesMax)
    throw new RangeError(`A record must have 1 to ${payloadBytesMax} bytes, has ${payload.length}`)
  const frame = Buffer.allocUnsafe(headerBytes + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  payload.copy(frame, headerBytes)
  frame.writeUInt32LE(sumOf(frame, payload.length), lengthBytes)
  return frame
}

export interface Frames {
  readonly payloads: readonly Buffer[]
  /** Where each payload's record ends, as offsets into the bytes. */
  readonly ends: readonly number[]
  /** How far the bytes are good. */
  readonly goodBytes: number
  /** Why reading stopped: nothing left, the last record is not whole (yet), or a record that never was one. */
  readonly stoppedBy: 'end' | 'short' | 'bad'
}

/** Reads records from the start of `bytes`, at most `countMax`. Payloads share the memory of `bytes`. */
export function readFrames(bytes: Buffer, countMax = Number.POSITIVE_INFINITY): Frames {
  const payloads: Buffer[] = []
  const ends: number[] = []
  let offset = 0
  const stop = (stoppedBy: Frames['stoppedBy']): Frames => ({ payloads, ends, goodBytes: offset, stoppedBy })
  while (payloads.length < countMax) {
    if (offset === bytes.length) return stop('end')
    if (bytes.length - offset < headerBytes) return stop('short')
    const length = bytes.readUInt32LE(offset)
    if (length === 0 || length > payloadBytesMax) return stop('bad')
    const end = offset + headerBytes + length
    if (end > bytes.length) return stop('short')
    const frame = bytes.subarray(offset, end)
    if (sumOf(frame, length) !== frame.readUInt32LE(lengthBytes)) return stop('bad')
    payloads.push(frame.subarray(headerBytes))
    ends.push(end)
    offset = end
  }
  return stop('end')
}

/** How many whole records there are after a damaged one. Their payloads are JSON, so few places are looked at closely. */
export function countFrames(bytes: Buffer): number {
  let count = 0
  for (let offset = 0; offset + headerBytes < bytes.length; ) {
    const isLikely = jsonStarts.has(bytes[offset + headerBytes] ?? 0)
    const found = isLikely ? readFrames(bytes.subarray(offset), 1).goodBytes : 0
    if (found > 0) count += 1
    offset += Math.max(1, found)
  }
  return count
}

function sumOf(frame: Buffer, length: number): number {
  return crc32(frame.subarray(headerBytes, headerBytes + length), crc32(frame.subarray(0, lengthBytes)))
}
