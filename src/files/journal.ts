import { writeSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import type { Observer } from '../telemetry/observer.ts'
import type { Aside } from './aside.ts'
import { encodeFrame, type Frames, headerBytes } from './frame.ts'
import { cutSegment, readSegment, type Segment, segmentPath } from './segment.ts'

export interface JournalOptions {
  /** An existing folder that no other process writes to. */
  readonly folder: string
  /** Names it in metrics and log. */
  readonly journal: 'spool' | 'charges'
  /** All segments together, and what waits to be written. */
  readonly bytesMax: number
  /** From here on a new segment is begun; never above an eighth of the bound, so that a full journal has segments to drop. */
  readonly segmentBytes?: number
  /** Longest wait of a record for others to be written with; the fsync comes on top. */
  readonly flushMs?: number
  /** A record is handed to the system before `append` answers, for some 10 µs, so that a kill does not lose it; only the fsync waits for others. */
  readonly writesAtOnce?: boolean
  /** Takes what is cut off because of damage. */
  readonly aside?: Aside
  readonly observer: Observer
}

interface Pending {
  readonly frame: Buffer
  readonly onKept: ((segment: number) => void) | undefined
}

interface ActiveFile {
  readonly number: number
  readonly path: string
  readonly file: FileHandle
  bytes: number
}

const segmentBytesDefault = 4 * 1_048_576
const flushMsDefault = 5
const retryMs = 250
/** A disk that stands still must not fill the memory. */
const pendingBytesMax = 16 * 1_048_576

/**
 * An append-only row of files. Records are written and fsynced in groups, so nobody waits for a disk: a killed process loses what it
 * appended in the last `flushMs` (10 ms with the write; with `writesAtOnce` only while a new file is being opened), a power loss what was
 * not fsynced yet. Bounded in bytes. When the disk does not take
 * a group it is kept in memory and tried again, and until it is written nothing more is accepted: whoever appends is told.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #segments = new Map<number, Segment>()
  #active: ActiveFile | undefined
  #lastNumber = 0
  #bytes = 0
  #pending: Pending[] = []
  #pendingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #isFailing = false
  #isClosed = false
  #listener: () => void = () => undefined

  constructor(options: JournalOptions) {
    this.#options = options
  }

  /** Called after each group that reached the disk. */
  onFlush(listener: () => void): void {
    this.#listener = listener
  }

  /** False while the disk does not take what was appended, or the bound is reached. */
  get accepts(): boolean {
    return this.#accepts(1)
  }

  /** Of segments and of what waits to be written. */
  get bytes(): number {
    return this.#bytes + this.#pendingBytes
  }

  /** Ascending; only what is on disk. The last one may be the one that is written to. */
  get segments(): readonly Segment[] {
    const { number, path, bytes } = this.#active ?? { number: 0, path: '', bytes: 0 }
    const sealed = [...this.#segments.values()]
    return (bytes === 0 ? sealed : [...sealed, { number, path, bytes }]).sort((a, b) => a.number - b.number)
  }

  /** False when the record cannot be kept. `onKept` is called with its segment once it is on disk. Never waits. */
  append(payload: Buffer, onKept?: (segment: number) => void): boolean {
    if (!this.#accepts(payload.length)) {
      this.#options.observer.count('journal_refused_total', { journal: this.#options.journal })
      return false
    }
    const frame = encodeFrame(payload)
    if (this.#options.writesAtOnce === true) this.#writeAtOnce(frame)
    this.#pending.push({ frame, onKept })
    this.#pendingBytes += frame.length
    this.#arm(this.#options.flushMs ?? flushMsDefault)
    return true
  }

  /** Resolves when everything appended until now is on disk, or could not be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#writing
    await this.#write()
  }

  /** Whole records of one segment from `offset` on. */
  async read(segment: Segment, from: { readonly offset: number; readonly countMax: number }): Promise<Frames> {
    return readSegment(segment, from)
  }

  /** Takes over the segment of a process that has ended: moved here, cut where it is torn. Undefined when another one was quicker. */
  async adopt(path: string): Promise<(Segment & { readonly records: number }) | undefined> {
    this.#lastNumber += 1
    const number = this.#lastNumber
    // Readers go by number: what is written from now on must come after it.
    await this.seal()
    const own = segmentPath(this.#options.folder, number)
    try {
      await rename(path, own)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    const segment = await cutSegment({ number, path: own }, this.#options)
    this.#segments.set(number, segment)
    this.#count(segment.bytes)
    return segment
  }

  /** The next record begins a new segment, so that all there are can be dropped. */
  async seal(): Promise<void> {
    await this.#writing
    const active = this.#active
    if (active === undefined) return
    this.#active = undefined
    this.#segments.set(active.number, { number: active.number, path: active.path, bytes: active.bytes })
    await active.file.close()
  }

  /** Forgets a sealed segment. */
  async drop(number: number): Promise<void> {
    const segment = this.#segments.get(number)
    if (segment === undefined) return
    this.#segments.delete(number)
    await rm(segment.path, { force: true })
    this.#count(-segment.bytes)
  }

  /** Writes what waits, if the disk takes it, and closes. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.flush()
    clearTimeout(this.#timer)
    if (this.#pending.length > 0)
      this.#options.observer.warn('journal_left_unwritten', { folder: this.#options.folder, bytes: this.#pendingBytes })
    await this.seal()
  }

  #accepts(payloadBytes: number): boolean {
    if (this.#isClosed || this.#isFailing || this.#pendingBytes > pendingBytesMax) return false
    return this.bytes + headerBytes + payloadBytes <= this.#options.bytesMax
  }

  /** Where its group will write it again; what goes wrong here is found there. */
  #writeAtOnce(frame: Buffer): void {
    if (this.#active === undefined || this.#isFailing) return
    try {
      writeSync(this.#active.file.fd, frame, 0, frame.length, this.#active.bytes + this.#pendingBytes)
    } catch {
      // A full disk; the group tells it.
    }
  }

  #arm(ms: number): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, ms).unref()
  }

  #write(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve()
    this.#writing ??= this.#writeGroup().finally(() => {
      this.#writing = undefined
      if (this.#pending.length > 0 && !this.#isClosed)
        this.#arm(this.#isFailing ? retryMs : (this.#options.flushMs ?? flushMsDefault))
    })
    return this.#writing
  }

  async #writeGroup(): Promise<void> {
    const group = this.#pending
    this.#pending = []
    try {
      const active = await this.#fileToWrite()
      const bytes = Buffer.concat(group.map(({ frame }) => frame))
      // A group that failed half-way is written again over its own torn beginning.
      await writeFully(active.file, bytes, active.bytes)
      await active.file.datasync()
      active.bytes += bytes.length
      this.#pendingBytes -= bytes.length
      this.#count(bytes.length)
      if (this.#isFailing) this.#options.observer.info('journal_written_again', { file: active.path })
      this.#isFailing = false
      for (const { onKept } of group) onKept?.(active.number)
    } catch (error) {
      this.#pending = [...group, ...this.#pending]
      this.#isFailing = true
      const { journal, folder, observer } = this.#options
      observer.count('journal_write_failures_total', { journal })
      observer.warn('journal_not_written', { journal, folder, error })
      return
    }
    this.#listener()
  }

  async #fileToWrite(): Promise<ActiveFile> {
    const { segmentBytes = segmentBytesDefault, bytesMax } = this.#options
    if (this.#active !== undefined && this.#active.bytes >= Math.min(segmentBytes, bytesMax / 8)) {
      const { number, path, bytes, file } = this.#active
      this.#active = undefined
      this.#segments.set(number, { number, path, bytes })
      await file.close()
    }
    this.#active ??= await this.#create()
    return this.#active
  }

  async #create(): Promise<ActiveFile> {
    this.#lastNumber += 1
    const path = segmentPath(this.#options.folder, this.#lastNumber)
    const file = await open(path, 'wx', 0o600)
    await syncFolder(this.#options.folder)
    return { number: this.#lastNumber, path, file, bytes: 0 }
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#options.observer.set('journal_bytes', this.#bytes, { journal: this.#options.journal })
  }
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}

/** A new file's name is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}
