import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Observer } from '../telemetry/observer.ts'
import type { Aside } from './aside.ts'
import { countFrames, type Frames, payloadBytesMax, readFrames } from './frame.ts'

/** One file of a journal. Files are read and removed in the order of their numbers. */
export interface Segment {
  readonly number: number
  readonly path: string
  /** Bytes of whole records that are on disk. */
  readonly bytes: number
}

const suffix = '.journal'
const digits = 10
/** A read takes so much at a time, unless one record alone is longer. */
const chunkBytes = 512 * 1_024

export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(digits, '0')}${suffix}`)
}

/** Paths and numbers of the segments in a folder, ascending. */
export async function listSegments(
  folder: string,
): Promise<readonly { readonly number: number; readonly path: string }[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{10}\.journal$/.test(name)).sort()
  return names.map((name) => ({ number: Number(name.slice(0, digits)), path: join(folder, name) }))
}

/**
 * Finds how far a segment is good and cuts off the rest: a process that is killed, or a machine that loses power, leaves its last record
 * torn. Says what was cut, with file and offset, to log and metrics; what a damaged record takes with it is kept aside.
 */
export async function cutSegment(
  { number, path }: { readonly number: number; readonly path: string },
  told: { readonly observer: Observer; readonly journal: 'spool' | 'charges'; readonly aside?: Aside | undefined },
): Promise<Segment & { readonly records: number }> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    let offset = 0
    let records = 0
    let frames: Frames
    do {
      frames = readFrames(await readAt(file, offset, size))
      offset += frames.goodBytes
      records += frames.payloads.length
    } while (frames.payloads.length > 0 && offset < size)
    if (offset < size) {
      const cut = await readBytes(file, offset, size - offset)
      const records_cut = countFrames(cut)
      const isDamaged = records_cut > 0 || (frames.stoppedBy === 'bad' && cut.some((byte) => byte !== 0))
      const kept_in = isDamaged ? ((await told.aside?.keep(`${told.journal}-cut`, cut)) ?? 'nowhere') : undefined
      await file.truncate(offset)
      await file.datasync()
      const { observer, journal } = told
      observer.count('journal_cuts_total', { journal })
      if (records_cut > 0) observer.count('journal_records_cut_total', { journal }, records_cut)
      const cause = { why: frames.stoppedBy, records_cut, ...(kept_in !== undefined && { kept_in }) }
      observer.warn('journal_cut', { file: path, offset, bytes_cut: cut.length, ...cause })
    }
    return { number, path, bytes: offset, records }
  } finally {
    await file.close()
  }
}

/** Keeps aside what stands in a segment from a damaged record on, says so to log and metrics, and answers how many whole records follow it. */
export async function passOver(
  { path, bytes }: Segment,
  offset: number,
  told: { readonly observer: Observer; readonly journal: 'spool' | 'charges'; readonly aside?: Aside | undefined },
): Promise<number> {
  const file = await open(path, 'r')
  const rest = await readBytes(file, offset, bytes - offset).finally(() => file.close())
  const records_cut = countFrames(rest)
  const kept_in = (await told.aside?.keep(`${told.journal}-cut`, rest)) ?? 'nowhere'
  const { observer, journal } = told
  observer.count('journal_cuts_total', { journal })
  if (records_cut > 0) observer.count('journal_records_cut_total', { journal }, records_cut)
  observer.warn('journal_unreadable', { file: path, offset, bytes_left: rest.length, records_cut, kept_in })
  return records_cut
}

/** Whole records of a segment from `offset` on, at most `countMax`; fewer than there are when they are many. */
export async function readSegment(
  { path, bytes }: Segment,
  from: { readonly offset: number; readonly countMax: number },
): Promise<Frames> {
  const file = await open(path, 'r')
  try {
    return readFrames(await readAt(file, from.offset, bytes), from.countMax)
  } finally {
    await file.close()
  }
}

/** A chunk from `offset`, longer where its first record is. */
async function readAt(file: Awaited<ReturnType<typeof open>>, offset: number, end: number): Promise<Buffer> {
  const chunk = await readBytes(file, offset, Math.min(chunkBytes, end - offset))
  if (chunk.length < 4 || chunk.readUInt32LE(0) > payloadBytesMax) return chunk
  const first = 8 + chunk.readUInt32LE(0)
  return first <= chunk.length ? chunk : readBytes(file, offset, Math.min(first, end - offset))
}

async function readBytes(file: Awaited<ReturnType<typeof open>>, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
