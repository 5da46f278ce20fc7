import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  type LineCounter,
  type Node,
  type Pair,
  Scalar,
  type YAMLMap,
} from 'yaml'
import { type Faults, type Place, quoted } from './import-fault.ts'

/** A value of YAML with its place. Texts are as they are written: a number or `true` is a text that is not quoted. */
export type YamlValue =
  | { readonly kind: 'map'; readonly at: Place; readonly fields: readonly YamlField[] }
  | { readonly kind: 'list'; readonly at: Place; readonly items: readonly YamlValue[] }
  | { readonly kind: 'text'; readonly at: Place; readonly text: string; readonly isPlain: boolean }
  | { readonly kind: 'nothing'; readonly at: Place }

export interface YamlField {
  readonly name: string
  readonly at: Place
  readonly value: YamlValue
}

interface Growing {
  readonly file: string
  readonly lines: LineCounter
  readonly faults: Faults
  readonly anchors: Map<string, Node>
  /** Around the value that is being read: an alias of one of them would never end. */
  readonly around: Set<Node>
  valuesLeft: number
}

/** As many values as an import may have, so that aliases of aliases come to an end. */
const valuesMax = 500_000

/**
 * A document as values with their places. Aliases and merge keys (`<<`) are written out, up to a bound; duplicate keys, tags, anchors that are
 * given twice and aliases that contain themselves are faults. Undefined: nothing can be said about the values.
 */
export function growTree(
  document: Document.Parsed,
  source: Pick<Growing, 'file' | 'lines' | 'faults'>,
): YamlValue | undefined {
  const growing: Growing = { ...source, anchors: new Map(), around: new Set(), valuesLeft: valuesMax }
  return grow(document.contents, growing, 0)
}

function grow(node: Node | null, growing: Growing, offset: number): YamlValue | undefined {
  growing.valuesLeft -= 1
  const at = placeOf(node?.range?.[0] ?? offset, growing)
  if (growing.valuesLeft < 0) {
    if (growing.valuesLeft === -1) growing.faults.add(at, `aliases make more than ${valuesMax} values of this file`)
    return undefined
  }
  if (node === null) return { kind: 'nothing', at }
  if (isAlias(node)) return growAlias(node.source, growing, at)
  noteProperties(node, growing, at)
  if (isScalar(node)) return scalarValue(node, at)
  if (!isCollection(node)) return undefined
  growing.around.add(node)
  const grown = isMap(node) ? growMap(node, growing, at) : growList(node.items as readonly (Node | null)[], growing, at)
  growing.around.delete(node)
  return grown
}

/** Anchors in the order of the file: the one that an alias means stands before it. */
function noteProperties(node: Node, { anchors, faults }: Growing, at: Place): void {
  if (isAlias(node)) return
  if (node.tag !== undefined) faults.add(at, `the tag ${quoted(tagName(node.tag))} is not taken here: leave it out`)
  const { anchor } = node as { readonly anchor?: string }
  if (anchor === undefined) return
  const known = anchors.get(anchor)
  if (known !== undefined && known !== node)
    faults.add(at, `the anchor ${quoted(anchor)} is given twice: name one otherwise`)
  anchors.set(anchor, node)
}

/** As it is written. */
function tagName(tag: string): string {
  return tag.replace(/^tag:yaml\.org,2002:/, '!!')
}

function growAlias(name: string, growing: Growing, at: Place): YamlValue | undefined {
  const target = growing.anchors.get(name)
  if (target !== undefined && !growing.around.has(target)) {
    const grown = grow(target, growing, 0)
    return grown && { ...grown, at }
  }
  const said = target === undefined ? 'has no anchor before it' : 'contains itself: write it out'
  growing.faults.add(at, `the alias ${quoted(name)} ${said}`)
  return undefined
}

function scalarValue(node: Scalar, at: Place): YamlValue {
  if (node.type !== Scalar.PLAIN) return { kind: 'text', at, text: String(node.value), isPlain: false }
  if (node.value === null) return { kind: 'nothing', at }
  return { kind: 'text', at, text: node.source ?? String(node.value), isPlain: true }
}

function growList(items: readonly (Node | null)[], growing: Growing, at: Place): YamlValue {
  const grown = items.map((item) => grow(item, growing, 0))
  return { kind: 'list', at, items: grown.filter((item) => item !== undefined) }
}

function growMap(map: YAMLMap, growing: Growing, at: Place): YamlValue {
  const own = new Map<string, YamlField>()
  const merged: YamlValue[] = []
  for (const pair of map.items as readonly Pair<Node | null, Node | null>[]) {
    const field = growField(pair, growing, at)
    if (field === undefined) continue
    if (field.name === '<<') merged.push(field.value)
    else if (own.has(field.name)) growing.faults.add(field.at, `${quoted(field.name)} is there twice: keep one of them`)
    else own.set(field.name, field)
  }
  for (const value of merged) mergeInto(own, value, growing.faults)
  return { kind: 'map', at, fields: [...own.values()] }
}

function growField({ key, value }: Pair<Node | null, Node | null>, growing: Growing, at: Place): YamlField | undefined {
  const keyAt = placeOf(key?.range?.[0] ?? 0, growing)
  if (!isScalar(key) || key.value === null) {
    growing.faults.add(key === null ? at : keyAt, 'the name of a field must be a text')
    return undefined
  }
  const grown = grow(value, growing, key.range?.[1] ?? 0)
  const name = key.type === Scalar.PLAIN ? (key.source ?? String(key.value)) : String(key.value)
  return grown && { name, at: keyAt, value: grown }
}

/** As https://yaml.org/type/merge.html says: own fields win, then those of the first map. */
function mergeInto(own: Map<string, YamlField>, value: YamlValue, faults: Faults): void {
  for (const part of value.kind === 'list' ? value.items : [value]) {
    if (part.kind === 'map') for (const field of part.fields) if (!own.has(field.name)) own.set(field.name, field)
    if (part.kind !== 'map') faults.add(part.at, 'only fields can be merged by <<: name an alias of a block of fields')
  }
}

function placeOf(offset: number, { file, lines }: Growing): Place {
  const { line, col } = lines.linePos(offset)
  return { file, line, column: col }
}
