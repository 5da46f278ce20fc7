import { Composer, type CST, type Document, LineCounter, Parser } from 'yaml'
import type { SourceFile } from '../import-ports.ts'
import type { Faults } from './import-fault.ts'
import { growTree, type YamlValue } from './yaml-tree.ts'

/** Deeper than any limits are; the composer calls itself for each level. */
const depthMax = 64

/**
 * The one YAML document of a file, as values with their places; every fault is added. Undefined: it cannot be read any further. A byte order
 * mark and line ends of Windows are taken; what is not UTF-8 is not.
 */
export function readYaml({ name: file, bytes }: SourceFile, faults: Faults): YamlValue | undefined {
  const start = { file, line: 1, column: 1 }
  const text = textOf(bytes)
  if (text === undefined) {
    faults.add(start, 'this is not a text in UTF-8: save it as one')
    return undefined
  }
  const lines = new LineCounter()
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const tooDeep = offsetBeyond(tokens, depthMax)
  if (tooDeep !== undefined) {
    faults.add({ file, ...placeAt(lines, tooDeep) }, `lists and fields are nested more than ${depthMax} deep`)
    return undefined
  }
  const [document, second] = [...new Composer({ uniqueKeys: false }).compose(tokens, true, text.length)]
  if (document === undefined) return undefined
  if (second !== undefined) {
    const said = 'a second document begins here: put each domain into a file of its own'
    faults.add({ file, ...placeAt(lines, second.range[0]) }, said)
  }
  // What follows the first one mostly follows from it.
  const [wrong] = document.errors
  if (wrong === undefined) return growTree(document as Document.Parsed, { file, lines, faults })
  faults.add({ file, ...placeAt(lines, wrong.pos[0]) }, `this is not YAML: ${wrong.message}`)
  return undefined
}

function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function placeAt(lines: LineCounter, offset: number): { readonly line: number; readonly column: number } {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

/** Where the first value begins that is nested more than `depth` deep. */
function offsetBeyond(tokens: readonly CST.Token[], depth: number): number | undefined {
  const waiting = tokens.map((token) => ({ token, level: 0 }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, level } = next
    if (level > depth) return token.offset
    if (token.type === 'document' && token.value !== undefined) waiting.push({ token: token.value, level })
    if (!('items' in token)) continue
    for (const { key, value } of token.items) {
      for (const inner of [key, value]) if (inner) waiting.push({ token: inner, level: level + 1 })
    }
  }
  return undefined
}
