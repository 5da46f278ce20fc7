import type { WireWriter } from './wire-writer.ts'

/** Deeper values are left out. */
const depthMax = 16

// google.protobuf.Struct, Value and ListValue.
const structFields = 1
const pair = { key: 1, value: 2 }
const kind = { null: 1, number: 2, text: 3, flag: 4, struct: 5, list: 6 }
const listValues = 1

/**
 * Writes an object as a google.protobuf.Struct under `field`: texts, finite numbers, booleans, null, lists and objects, 16 levels deep. A member
 * that is none of these is left out; in a list it is null, so that the others keep their places.
 */
export function writeStruct(writer: WireWriter, field: number, value: Readonly<Record<string, unknown>>): void {
  writeObject({ writer, depth: 0 }, field, value)
}

/** Writes the members of a google.protobuf.Struct that the caller opens and closes itself. */
export function writeMembers(writer: WireWriter, value: Readonly<Record<string, unknown>>): void {
  writePairs({ writer, depth: 0 }, value)
}

interface At {
  readonly writer: WireWriter
  readonly depth: number
}

function writeObject(at: At, field: number, value: object): void {
  const end = at.writer.mark()
  writePairs(at, value)
  at.writer.message(field, end)
}

function writePairs(at: At, value: object): void {
  const { writer } = at
  for (const [key, member] of Object.entries(value).reverse()) {
    if (!isWritable(member, at)) continue
    const pairEnd = writer.mark()
    writeValue(at, pair.value, member)
    writer.text(pair.key, key)
    writer.message(structFields, pairEnd)
  }
}

function isWritable(value: unknown, { depth }: At): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'object') return value === null || depth < depthMax
  return typeof value === 'string' || typeof value === 'boolean'
}

function writeValue(at: At, field: number, value: unknown): void {
  const { writer } = at
  const end = writer.mark()
  if (typeof value === 'string') writer.text(kind.text, value)
  else if (typeof value === 'number') writer.double(kind.number, value)
  else if (typeof value === 'boolean') writer.uint(kind.flag, value ? 1 : 0)
  else if (Array.isArray(value)) writeList(at, value)
  else if (typeof value === 'object' && value !== null) writeObject({ writer, depth: at.depth + 1 }, kind.struct, value)
  else writer.uint(kind.null, 0)
  writer.message(field, end)
}

function writeList({ writer, depth }: At, values: readonly unknown[]): void {
  const inner = { writer, depth: depth + 1 }
  const end = writer.mark()
  for (const value of [...values].reverse()) writeValue(inner, listValues, isWritable(value, inner) ? value : null)
  writer.message(kind.list, end)
}
