import type { SourceFile } from '../import-ports.ts'
import type { Faults, Place } from './import-fault.ts'
import { type LimitBlock, readLimitBlock } from './ratelimit-limit.ts'
import { type Fields, readFields, readFlag, readList, readText } from './read-fields.ts'
import { readYaml } from './read-yaml.ts'
import { noteReservedKey } from './reserved-key.ts'
import type { YamlValue } from './yaml-tree.ts'

/** One descriptor of a file, as envoyproxy/ratelimit nests them. */
export interface LimitNode {
  readonly at: Place
  readonly key: string
  /** Absent: any value. With `*`: a pattern. */
  readonly value?: string
  readonly sharesThreshold: boolean
  readonly valueToMetric: boolean
  readonly shadow: boolean
  readonly quotaMode: boolean
  readonly detailedMetric: boolean
  readonly limit?: LimitBlock
  readonly children: readonly LimitNode[]
}

export interface RatelimitFile {
  readonly at: Place
  readonly domain: string
  readonly nodes: readonly LimitNode[]
}

interface Reading {
  readonly faults: Faults
  /** A `*` that envoyproxy/ratelimit takes as it stands is a fault, instead of a pattern. */
  readonly isAsReference: boolean
}

const depthMax = 10
const keyLengthMax = 255
const valueLengthMax = 1_000

const insideLimit = 'it goes inside rate_limit:, which this descriptor has or needs'
const rootWords = {
  of: 'a file of limits',
  known: ['domain', 'descriptors'],
  elsewhere: {
    rate_limit: 'a limit belongs to a descriptor, beside its key',
    key: 'a descriptor goes into the list descriptors:, after a -',
  },
}
const nodeWords = {
  of: 'a descriptor',
  known: [
    ...['key', 'value', 'rate_limit', 'descriptors', 'shadow_mode', 'quota_mode'],
    ...['detailed_metric', 'value_to_metric', 'share_threshold'],
  ],
  elsewhere: {
    domain: 'it stands once at the top of the file',
    unit: insideLimit,
    requests_per_unit: insideLimit,
    unlimited: insideLimit,
    name: insideLimit,
    replaces: insideLimit,
  },
}

/** A file of envoyproxy/ratelimit. Whatever that would not take, or would take and not heed, is a fault. Undefined: there is no domain to speak of. */
export function readRatelimitFile(file: SourceFile, reading: Reading): RatelimitFile | undefined {
  const { faults } = reading
  const root = readYaml(file, faults)
  if (root === undefined) return undefined
  if (root.kind === 'nothing') {
    faults.add(root.at, 'the file is empty: it needs domain: and descriptors:')
    return undefined
  }
  const fields = readFields(root, rootWords, faults)
  if (fields === undefined) return undefined
  const domain = readDomain(fields, root, faults)
  const nodes = readNodes(fields, reading, 1)
  return domain === undefined ? undefined : { at: root.at, domain, nodes }
}

function readDomain(fields: Fields, root: YamlValue, faults: Faults): string | undefined {
  const field = fields.get('domain')
  if (field === undefined) faults.add(root.at, 'there is no domain: name it as the filter does, domain: …')
  const domain = readText(field, 255, faults)
  if (domain === undefined || field === undefined || !/\p{Cc}/u.test(domain)) return domain
  faults.add(field.value.at, 'the domain has control characters')
  return undefined
}

function readNodes(fields: Fields, reading: Reading, depth: number): readonly LimitNode[] {
  const field = fields.get('descriptors')
  // Written and left empty is what the reference takes for none.
  if (field === undefined || field.value.kind === 'nothing') return []
  const items = readList(field, reading.faults) ?? []
  if (depth > depthMax && items.length > 0) {
    reading.faults.add(
      field.at,
      `descriptors are nested more than ${depthMax} deep: a path has at most ${depthMax} entries`,
    )
    return []
  }
  return items.map((item) => readNode(item, reading, depth)).filter((node) => node !== undefined)
}

function readNode(item: YamlValue, reading: Reading, depth: number): LimitNode | undefined {
  const { faults } = reading
  const fields = readFields(item, nodeWords, faults)
  if (fields === undefined) return undefined
  if (!fields.has('key')) faults.add(item.at, 'this descriptor has no key: name it as the request does, key: …')
  const key = readText(fields.get('key'), keyLengthMax, faults)
  noteReservedKey(key, fields.get('key')?.value.at ?? item.at, faults)
  const value = readText(fields.get('value'), valueLengthMax, faults)
  const flag = (name: string) => readFlag(fields.get(name), faults)
  const limitField = fields.get('rate_limit')
  const limit = limitField && readLimitBlock(limitField, faults)
  const node = {
    ...{ at: item.at, sharesThreshold: flag('share_threshold'), valueToMetric: flag('value_to_metric') },
    ...{ shadow: flag('shadow_mode'), quotaMode: flag('quota_mode'), detailedMetric: flag('detailed_metric') },
    ...(value !== undefined && { value }),
    ...(limit !== undefined && { limit }),
    children: readNodes(fields, reading, depth + 1),
  }
  noteStars(fields, reading)
  noteIdleFlags(fields, faults)
  return key === undefined ? undefined : { ...node, key }
}

/** Stars that the reference reads in a way that nobody means. */
function noteStars(fields: Fields, { faults, isAsReference }: Reading): void {
  const [key, value] = [fields.get('key'), fields.get('value')].map((field) =>
    field?.value.kind === 'text' ? field.value : undefined,
  )
  if (key?.text.endsWith('*') && !fields.has('value'))
    faults.add(key.at, 'a key with * at its end and no value is not matched as a pattern: patterns are for value:')
  const shared = fields.get('share_threshold')
  if (shared !== undefined && !value?.text.includes('*') && readsTrue(shared.value))
    faults.add(shared.at, 'share_threshold is for values with *: give it one, or leave the field out')
  if (isAsReference && value !== undefined && /\*./s.test(value.text))
    faults.add(
      value.at,
      'the reference takes a * that is not at the end as it stands, Tollgate for any text: leave out --as-reference to have it so',
    )
}

/** Flags of a limit that is not there do nothing, which is not what whoever wrote them expects. */
function noteIdleFlags(fields: Fields, faults: Faults): void {
  if (fields.has('rate_limit')) return
  for (const name of ['shadow_mode', 'quota_mode', 'detailed_metric']) {
    const field = fields.get(name)
    if (field !== undefined && readsTrue(field.value))
      faults.add(
        field.at,
        `${name} is about the rate_limit of the same descriptor, and there is none: set it on each that has one`,
      )
  }
}

function readsTrue(value: YamlValue): boolean {
  return value.kind === 'text' && value.isPlain && value.text.toLowerCase() === 'true'
}
