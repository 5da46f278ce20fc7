import { z } from 'zod'
import { parseCidr } from '../core/cidr.ts'
import type { DescriptorStep, ValueMatch } from '../core/descriptor-rule.ts'
import { quoted } from './imports/import-fault.ts'
import { shared } from './shared-parts.ts'
import { regexFault } from './value-pattern.ts'

const isPath = 'descriptor_limit_entries_are_a_path'
const isRegex = 'descriptor_limit_regex_is_re2'
const isNetwork = 'descriptor_limit_cidr_is_a_network'
const stepsMax = 10
const reasonLengthMax = 200

type Fields = Readonly<Record<string, unknown>>

/** What each field of an entry must be, and the constraint that says so. By hand, because a large policy has these by the hundred thousand. */
const fields: Readonly<Record<string, readonly [constraint: string, holds: (given: unknown) => boolean][]>> = {
  key: [[isPath, (given) => isText(given, { from: 1, to: 255 })]],
  value: [[isPath, (given) => isText(given, { from: 0, to: 1_000 })]],
  regex: [
    [isPath, (given) => isText(given, { from: 1, to: 500 })],
    [isRegex, (given) => regexFault(String(given)) === undefined],
  ],
  cidr: [
    [isPath, (given) => isText(given, { from: 2, to: 50 })],
    [isNetwork, (given) => parseCidr(String(given)) !== undefined],
  ],
  share_threshold: [[isPath, (given) => typeof given === 'boolean']],
  value_to_metric: [[isPath, (given) => typeof given === 'boolean']],
}

/** The column `entries`: 1 to 10 steps, each with a key and at most one of value, regex and cidr. */
export const descriptorPath = z.unknown().transform((entries, context): readonly DescriptorStep[] => {
  const faults = isList(entries) ? entries.flatMap(faultsOf) : [isPath]
  for (const message of faults) context.addIssue({ code: 'custom', message })
  return faults.length > 0 ? z.NEVER : (entries as readonly Fields[]).map((entry) => stepOf(entry))
})

/** Of a path that is not valid what is: a step of which only the key can be read takes any value. Undefined: not even the keys can. */
export function readablePath(entries: unknown): readonly DescriptorStep[] | undefined {
  if (!isList(entries)) return undefined
  const steps = entries.map((entry: unknown): DescriptorStep | undefined => {
    if (faultOf(entry) === undefined) return stepOf(entry as Fields)
    const { key } = isFields(entry) ? entry : {}
    return faultOf({ key }) === undefined ? stepOf({ key }) : undefined
  })
  return steps.every((step) => step !== undefined) ? steps : undefined
}

function isList(entries: unknown): entries is readonly unknown[] {
  return Array.isArray(entries) && entries.length >= 1 && entries.length <= stepsMax
}

function isFields(entry: unknown): entry is Fields {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry)
}

/** The first constraint that the entry breaks. */
function faultOf(entry: unknown): string | undefined {
  if (!isFields(entry) || entry['key'] === undefined) return isPath
  let matches = 0
  for (const name in entry) {
    if (!Object.hasOwn(fields, name)) return isPath
    if (name === 'value' || name === 'regex' || name === 'cidr') matches += 1
    for (const [constraint, holds] of fields[name] ?? []) if (!holds(entry[name])) return constraint
  }
  return matches > 1 ? isPath : undefined
}

/** The constraint, and what its name does not say: which expression or network it is, and what is wrong with it. */
function faultsOf(entry: unknown): readonly string[] {
  const constraint = faultOf(entry)
  if (constraint === undefined) return []
  if (!isFields(entry) || constraint === isPath) return [constraint]
  const { key, regex, cidr } = entry
  const of = `${quoted(String(constraint === isRegex ? regex : cidr))} of the key ${quoted(String(key))}`
  if (constraint === isNetwork) return [constraint, `${of} is no network`]
  const why = [...(regexFault(String(regex)) ?? '').replace(/\p{C}/gu, '?')].slice(0, reasonLengthMax).join('')
  return [constraint, `${of} is no RE2: ${why}`]
}

const anyValue: ValueMatch = { kind: 'any' }

function stepOf(entry: Fields): DescriptorStep {
  return {
    key: shared(String(entry['key'])),
    match: matchOf(entry),
    sharesThreshold: entry['share_threshold'] === true,
    valueToMetric: entry['value_to_metric'] === true,
  }
}

function matchOf({ value, regex, cidr }: Fields): ValueMatch {
  if (typeof regex === 'string') return { kind: 'regex', pattern: regex }
  if (typeof cidr === 'string') return { kind: 'cidr', cidr }
  if (typeof value !== 'string') return anyValue
  return value.includes('*') ? { kind: 'wildcard', value } : { kind: 'exact', value }
}

/** So many characters as PostgreSQL counts them, which is once for a letter of two code units. */
function isText(given: unknown, { from, to }: { readonly from: number; readonly to: number }): boolean {
  if (typeof given !== 'string' || given.length < from) return false
  return given.length <= to || (given.length <= 2 * to && [...given].length <= to)
}
