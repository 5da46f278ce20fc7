import { type Faults, quoted } from './import-fault.ts'
import type { YamlField, YamlValue } from './yaml-tree.ts'

export type Fields = ReadonlyMap<string, YamlField>

/** What a block of fields may hold. */
export interface FieldWords {
  /** What it is, as part of a sentence: `a descriptor`. */
  readonly of: string
  readonly known: readonly string[]
  /** Fields that belong elsewhere → what to do with them. */
  readonly elsewhere?: Readonly<Record<string, string>>
}

/** The fields of a block by name; each that does not belong there is a fault. Undefined: it is no block. */
export function readFields(
  value: YamlValue,
  { of, known, elsewhere = {} }: FieldWords,
  faults: Faults,
): Fields | undefined {
  if (value.kind !== 'map') {
    faults.add(value.at, `${of} is a block of fields such as ${known[0]}: …, not ${kindName(value)}`)
    return undefined
  }
  for (const { name, at } of value.fields) {
    if (known.includes(name)) continue
    const advice = Object.hasOwn(elsewhere, name) ? elsewhere[name] : `${of} has ${known.join(', ')}`
    faults.add(at, `${quoted(name)} does not belong here: ${advice}`)
  }
  return new Map(value.fields.map((field) => [field.name, field]))
}

/** The values of a list; undefined: the field is not there or no list. */
export function readList(field: YamlField | undefined, faults: Faults): readonly YamlValue[] | undefined {
  if (field === undefined) return undefined
  if (field.value.kind === 'list') return field.value.items
  faults.add(field.value.at, `${field.name} is a list, each item after a -, not ${kindName(field.value)}`)
  return undefined
}

/** A text of 1 to `lengthMax` characters. Plain numbers are texts too, as `value: 404` is meant. */
export function readText(field: YamlField | undefined, lengthMax: number, faults: Faults): string | undefined {
  if (field === undefined) return undefined
  const { name, value } = field
  if (value.kind === 'nothing' || (value.kind === 'text' && value.text === '')) {
    faults.add(value.at, `${name} is empty: give it a text, or leave it out where it is optional`)
    return undefined
  }
  if (value.kind !== 'text') {
    faults.add(value.at, `${name} is a text, not ${kindName(value)}`)
    return undefined
  }
  if (value.text.length > lengthMax) faults.add(value.at, `${name} has more than ${lengthMax} characters`)
  else if (/\0/.test(value.text) || !value.text.isWellFormed())
    faults.add(value.at, `${name} has characters that are no text`)
  else return value.text
  return undefined
}

/** `true` or `false`; absent: false. */
export function readFlag(field: YamlField | undefined, faults: Faults): boolean {
  if (field === undefined) return false
  const { name, value } = field
  const text = value.kind === 'text' && value.isPlain ? value.text : ''
  if (/^(true|True|TRUE)$/.test(text)) return true
  if (!/^(false|False|FALSE)$/.test(text)) faults.add(value.at, `${name} is true or false, not ${kindName(value)}`)
  return false
}

/** A whole number in plain digits. */
export function readWhole(
  field: YamlField | undefined,
  { min = 0, max }: { readonly min?: number; readonly max: number },
  faults: Faults,
): number | undefined {
  if (field === undefined) return undefined
  const { name, value } = field
  const text = value.kind === 'text' && value.isPlain ? value.text : ''
  const number = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  faults.add(value.at, `${name} is a whole number from ${min} to ${max} in plain digits, not ${kindName(value)}`)
  return undefined
}

function kindName(value: YamlValue): string {
  if (value.kind === 'text') return value.isPlain ? quoted(value.text) : `the text ${quoted(value.text)}`
  return { map: 'a block of fields', list: 'a list', nothing: 'nothing' }[value.kind]
}
