const initialBytes = 16_384
const shortLength = 12
const keptBytesMax = 1_048_576

/**
 * Writes one protobuf message from its end to its start, so that the length of a nested message is known when its header is written:
 * `const end = writer.mark(); …fields in reverse order…; writer.message(2, end)`. One writer serves many messages, one after another.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(initialBytes)
  #position = initialBytes

  /** Forgets the last message. */
  reset(): void {
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafe(initialBytes)
    this.#position = this.#bytes.length
  }

  /** Bytes written so far: where a nested message ends. */
  mark(): number {
    return this.#bytes.length - this.#position
  }

  /** A varint field. `value` is a whole number, 0 … 2^53 − 1. */
  uint(field: number, value: number): void {
    this.#varint(value)
    this.#varint(field << 3)
  }

  /** A double field. */
  double(field: number, value: number): void {
    this.#reserve(8)
    this.#position -= 8
    this.#bytes.writeDoubleLE(value, this.#position)
    this.#varint((field << 3) | 1)
  }

  /** A string field of printable ASCII only: one byte per character. */
  ascii(field: number, text: string): void {
    this.#reserve(text.length)
    this.#position -= text.length
    this.#writeAscii(text)
    this.#lengthHeader(field, text.length)
  }

  /** A string field. */
  text(field: number, text: string): void {
    const length = Buffer.byteLength(text)
    this.#reserve(length)
    this.#position -= length
    this.#bytes.write(text, this.#position, length, 'utf8')
    this.#lengthHeader(field, length)
  }

  /** Ready-made bytes, fields with their tags. */
  raw(bytes: Buffer): void {
    this.#reserve(bytes.length)
    this.#position -= bytes.length
    bytes.copy(this.#bytes, this.#position)
  }

  /** Closes the nested message whose content was written since `end`. */
  message(field: number, end: number): void {
    this.#lengthHeader(field, this.mark() - end)
  }

  /** A copy of the whole message. */
  finish(): Buffer {
    const message = Buffer.allocUnsafe(this.mark())
    this.#bytes.copy(message, 0, this.#position)
    return message
  }

  /** A very short text is written faster than Buffer can be asked to. */
  #writeAscii(text: string): void {
    const bytes = this.#bytes
    const start = this.#position
    if (text.length > shortLength) {
      bytes.write(text, start, text.length, 'latin1')
      return
    }
    for (let index = 0; index < text.length; index += 1) bytes[start + index] = text.charCodeAt(index)
  }

  #lengthHeader(field: number, length: number): void {
    this.#varint(length)
    this.#varint((field << 3) | 2)
  }

  #varint(value: number): void {
    this.#reserve(10)
    if (value < 0x80) {
      this.#position -= 1
      this.#bytes[this.#position] = value
      return
    }
    let length = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length += 1
    this.#position -= length
    let rest = value
    for (let index = 0; index < length; index += 1) {
      this.#bytes[this.#position + index] = index === length - 1 ? rest : (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
  }

  #reserve(count: number): void {
    if (count <= this.#position) return
    const used = this.mark()
    const bytes = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + count))
    this.#bytes.copy(bytes, bytes.length - used, this.#position)
    this.#position = bytes.length - used
    this.#bytes = bytes
  }
}
