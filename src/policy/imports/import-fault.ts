/** Where something stands in a file; lines and columns from 1, as editors count. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Something that is wrong with what is to be imported, and what to do about it. */
export interface ImportFault extends Place {
  readonly said: string
}

/** Gathers everything that is wrong, so that all of it is told at once. Keeps the first of too many and counts the rest. */
export interface Faults {
  /** The same once more is the same fault, as it is where an alias repeats it. */
  add(at: Place, said: string): void
  /** In the order of the files' places. */
  list(): readonly ImportFault[]
  /** How many there are, those included that are not kept. */
  readonly count: number
}

const keptMax = 1_000

export function createFaults(): Faults {
  const kept = new Map<string, ImportFault>()
  let count = 0
  return {
    add({ file, line, column }, said) {
      const fault = { file, line, column, said }
      const name = faultLine(fault)
      if (kept.has(name)) return
      count += 1
      if (kept.size < keptMax) kept.set(name, fault)
    },
    list: () => [...kept.values()].toSorted(byPlace),
    get count() {
      return count
    },
  }
}

function byPlace(left: ImportFault, right: ImportFault): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1
  return left.line - right.line || left.column - right.column
}

/** `limits.yaml:3:5: what is wrong`: as compilers say it, so that editors find the place. */
export function faultLine({ file, line, column, said }: ImportFault): string {
  return `${file}:${line}:${column}: ${said}`
}

/** A text from outside as part of a sentence: in quotes, without control characters, not too long. */
export function quoted(text: string): string {
  const shown = text.replace(/\p{C}/gu, '?')
  return `"${shown.length > 60 ? `${[...shown].slice(0, 60).join('')}…` : shown}"`
}
