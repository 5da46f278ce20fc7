import type { StepRow } from '../import-ports.ts'
import { type Faults, quoted } from './import-fault.ts'
import { noteReservedKey } from './reserved-key.ts'
import type { YamlValue } from './yaml-tree.ts'

type Text = Extract<YamlValue, { readonly kind: 'text' }>

// `descriptors[0]['path']`, `descriptors[0].path`, and `path` as versions before the second had it.
const entry = String.raw`(?:descriptors\[(?<index>\d+)\](?:\[(?:'(?<single>[^'\\]+)'|"(?<double>[^"\\]+)")\]|\.(?<field>[A-Za-z_]\w*))|(?<bare>[A-Za-z_][\w.:/-]*))`
const variable = new RegExp(String.raw`^\s*${entry}\s*$`)
const condition = new RegExp(String.raw`^\s*${entry}\s*==\s*(?:'(?<text>[^'\\]*)'|"(?<quotedText>[^"\\]*)")\s*$`)
const lengthMax = 2_000
const keyLengthMax = 255
const valueLengthMax = 1_000

/** `descriptors[0]['method'] == 'GET'` as an entry of a path. Undefined: it is something else, and a fault was added. */
export function conditionStep({ text, at }: Text, faults: Faults): StepRow | undefined {
  const found = text.length <= lengthMax ? condition.exec(text)?.groups : undefined
  const key = keyOf(found)
  const value = found?.['text'] ?? found?.['quotedText']
  if (key === undefined || value === undefined) {
    const said = "Tollgate takes descriptors[0]['key'] == 'value': write a limit for each value that is meant"
    faults.add(at, `the condition ${quoted(text)} cannot be expressed: ${said}`)
    return undefined
  }
  noteReservedKey(key, at, faults)
  if (value.includes('*') || value.length > valueLengthMax) {
    faults.add(
      at,
      `the value ${quoted(value)} cannot be expressed: a * stands for any text, and there are at most ${valueLengthMax} characters`,
    )
    return undefined
  }
  return { key, value }
}

/** `descriptors[0]['user']` or `user`: an entry of any value, each counted for itself. */
export function variableStep({ text, at }: Text, faults: Faults): StepRow | undefined {
  const key = text.length <= lengthMax ? keyOf(variable.exec(text)?.groups) : undefined
  if (key === undefined)
    faults.add(at, `the variable ${quoted(text)} cannot be expressed: Tollgate takes descriptors[0]['key'] or a key`)
  noteReservedKey(key, at, faults)
  return key === undefined ? undefined : { key }
}

/** Only the first descriptor: Tollgate holds each against the limits by itself. */
function keyOf(found: Readonly<Record<string, string | undefined>> | undefined): string | undefined {
  if (found === undefined || Number(found['index'] ?? 0) !== 0) return undefined
  const key = found['single'] ?? found['double'] ?? found['field'] ?? found['bare']
  return key !== undefined && key.length <= keyLengthMax ? key : undefined
}
