import type { WordTable } from './wire-words.ts'

/** Why bytes were not understood. `too_large`: protobuf, but past a bound of ours. */
export type WireFaultReason = 'malformed' | 'too_large'

/** Bytes that are not protobuf or pass a bound. Thrown by readers, caught by every `decode…`: it never leaves `src/grpc`. */
export class WireFault extends Error {
  readonly reason: WireFaultReason

  constructor(reason: WireFaultReason) {
    super(reason)
    this.name = 'WireFault'
    this.reason = reason
  }
}

/** The tag of a varint field, as it stands on the wire. */
export const varintTag = (field: number): number => field << 3

/** The tag of a string, bytes or message field. */
export const lengthTag = (field: number): number => (field << 3) | 2

/**
 * Walks over one protobuf message without copying: `while (reader.next()) { switch (reader.tag) … default: reader.skip() }`.
 * A known field of another wire type has another tag, so it is skipped like an unknown one, as protobuf asks.
 * Every method throws `WireFault` on a truncated or impossible encoding; groups (deprecated) count as impossible.
 */
export class WireReader {
  /** Field number and wire type of the field that `next` stopped at. */
  tag = 0
  readonly #bytes: Buffer
  #position = 0
  #end: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#end = bytes.length
  }

  /** Bytes of this message that were not read yet. */
  get left(): number {
    return this.#end - this.#position
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#position >= this.#end) return false
    this.tag = this.uint()
    if (this.tag < 8 || this.tag > 0xffffffff) throw new WireFault('malformed')
    return true
  }

  /** A varint as a number; above 2^53 − 1 (negative int64 among them) it saturates there. */
  uint(): number {
    const bytes = this.#bytes
    const first = bytes[this.#position] ?? 0x80
    if (first < 0x80 && this.#position < this.#end) {
      this.#position += 1
      return first
    }
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count += 1) {
      if (this.#position >= this.#end) throw new WireFault('malformed')
      const byte = bytes[this.#position] ?? 0
      this.#position += 1
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return Math.min(value, Number.MAX_SAFE_INTEGER)
      scale *= 128
    }
    throw new WireFault('malformed')
  }

  /** A string field. Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const end = this.#fieldEnd()
    const text = this.#bytes.toString('utf8', this.#position, end)
    this.#position = end
    return text
  }

  /** Steps over a string field and answers which of `words` it holds; undefined when it is none of them. */
  word(words: WordTable): string | undefined {
    const start = this.span()
    return words.find(this.#bytes, start, this.#position)
  }

  /** Steps over a string field and answers where it starts; `spanEnd` is where it ends. For text that may turn out to be read by nobody. */
  span(): number {
    const end = this.#fieldEnd()
    const start = this.#position
    this.#position = end
    return start
  }

  get spanEnd(): number {
    return this.#position
  }

  /** The text of a span, which begins and ends where `span` said. */
  textOf(start: number, end: number): string {
    return this.#bytes.toString('utf8', start, end)
  }

  /** A string field of at most `bytesMax` bytes. */
  boundedText(bytesMax: number): string {
    const end = this.#fieldEnd()
    if (end - this.#position > bytesMax) throw new WireFault('too_large')
    const text = this.#bytes.toString('utf8', this.#position, end)
    this.#position = end
    return text
  }

  /** A bytes or message field, sharing memory. */
  bytes(): Buffer {
    const end = this.#fieldEnd()
    const view = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return view
  }

  /** Steps into a message field; give the answer back to `leave` when `next` said false. */
  enter(): number {
    const outer = this.#end
    this.#end = this.#fieldEnd()
    return outer
  }

  leave(outer: number): void {
    this.#position = this.#end
    this.#end = outer
  }

  /** Steps over the field that `next` stopped at. */
  skip(): void {
    const type = this.tag & 7
    if (type === 0) this.uint()
    else if (type === 1) this.#move(8)
    else if (type === 2) this.#position = this.#fieldEnd()
    else if (type === 5) this.#move(4)
    else throw new WireFault('malformed')
  }

  #move(count: number): void {
    this.#position += count
    if (this.#position > this.#end) throw new WireFault('malformed')
  }

  #fieldEnd(): number {
    const length = this.uint()
    if (length > this.#end - this.#position) throw new WireFault('malformed')
    return this.#position + length
  }
}
