/** Known words, found among bytes without making text of them. Words are lower-case ASCII letters and hyphens; bytes match in any case. */
export class WordTable {
  /** By length. */
  readonly #words: readonly (readonly string[])[]

  constructor(words: readonly string[]) {
    const lengthMax = Math.max(...words.map((word) => word.length))
    this.#words = Array.from({ length: lengthMax + 1 }, (_, length) => words.filter((word) => word.length === length))
  }

  /** The word that stands at [start, end), or undefined. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    const candidates = this.#words[end - start]
    if (candidates === undefined) return undefined
    for (const word of candidates) if (isAt(word, bytes, start)) return word
    return undefined
  }
}

function isAt(word: string, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < word.length; index += 1) {
    const wanted = word.charCodeAt(index)
    const byte = bytes[start + index] ?? 0
    // The bit that makes an ASCII letter small; it would turn other bytes into a hyphen.
    if (byte !== wanted && (wanted < 0x61 || (byte | 0x20) !== wanted)) return false
  }
  return true
}
