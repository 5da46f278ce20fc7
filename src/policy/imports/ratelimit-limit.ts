import { type RateUnit, rateUnits } from '../../core/descriptor-rule.ts'
import { type Faults, quoted } from './import-fault.ts'
import { type Fields, readFields, readFlag, readList, readText, readWhole } from './read-fields.ts'
import type { YamlField, YamlValue } from './yaml-tree.ts'

/** What `rate_limit:` says. */
export interface LimitBlock {
  readonly amount: { readonly requestsPerUnit: number; readonly unit: RateUnit } | 'unlimited'
  readonly name?: string
  readonly replaces: readonly string[]
}

const requestsMax = 4_294_967_295
const nameLengthMax = 255
const replacesMax = 50

const besideKey = 'it goes one level up, beside key:'
const words = {
  of: 'a rate_limit',
  known: ['unit', 'requests_per_unit', 'unlimited', 'name', 'replaces'],
  elsewhere: {
    shadow_mode: besideKey,
    quota_mode: besideKey,
    detailed_metric: besideKey,
    value_to_metric: besideKey,
    share_threshold: besideKey,
    descriptors: besideKey,
    rate_limit: 'it is there already, leave this level out',
    key: 'it goes one level up, into the descriptor',
    value: 'it goes one level up, into the descriptor',
  },
}

/** A block `rate_limit:`. Undefined: it is wrong, and every fault of it was added. */
export function readLimitBlock(field: YamlField, faults: Faults): LimitBlock | undefined {
  const fields = readFields(field.value, words, faults)
  if (fields === undefined) return undefined
  const isUnlimited = readFlag(fields.get('unlimited'), faults)
  const amount = isUnlimited ? readUnlimited(fields, faults) : readAmount(fields, { block: field, faults })
  const name = readName(fields.get('name'), faults)
  const replaces = readReplaces(fields, name, faults)
  return amount && { amount, replaces, ...(name !== undefined && { name }) }
}

function readUnlimited(fields: Fields, faults: Faults): LimitBlock['amount'] {
  for (const name of ['unit', 'requests_per_unit']) {
    const field = fields.get(name)
    if (field !== undefined) faults.add(field.at, `${name} means nothing beside unlimited: true: leave one of them out`)
  }
  return 'unlimited'
}

function readAmount(
  fields: Fields,
  { block, faults }: { readonly block: YamlField; readonly faults: Faults },
): LimitBlock['amount'] | undefined {
  for (const name of ['unit', 'requests_per_unit']) {
    if (!fields.has(name))
      faults.add(block.at, `this rate_limit has no ${name}${name === 'unit' ? '' : ': to refuse everything write 0'}`)
  }
  const requestsPerUnit = readWhole(fields.get('requests_per_unit'), { max: requestsMax }, faults)
  const unit = readUnit(fields.get('unit'), faults)
  return requestsPerUnit === undefined || unit === undefined ? undefined : { requestsPerUnit, unit }
}

function readUnit(field: YamlField | undefined, faults: Faults): RateUnit | undefined {
  const said = readText(field, 20, faults)
  if (field === undefined || said === undefined) return undefined
  const unit = rateUnits.find((one) => one === said.toLowerCase())
  if (unit === undefined) faults.add(field.value.at, `${quoted(said)} is no unit: there are ${rateUnits.join(', ')}`)
  return unit
}

/** What is shown to callers has no control characters. */
function readName(field: YamlField | undefined, faults: Faults): string | undefined {
  const name = readText(field, nameLengthMax, faults)
  if (name === undefined || field === undefined || !/\p{Cc}/u.test(name)) return name
  faults.add(field.value.at, 'the name has control characters')
  return undefined
}

function readReplaces(fields: Fields, own: string | undefined, faults: Faults): readonly string[] {
  const field = fields.get('replaces')
  if (field === undefined || field.value.kind === 'nothing') return []
  const items = readList(field, faults) ?? []
  if (items.length > replacesMax) faults.add(field.at, `replaces has more than ${replacesMax} names`)
  const names = items.map((item) => replacedName(item, own, faults)).filter((name) => name !== undefined)
  return [...new Set(names)]
}

function replacedName(item: YamlValue, own: string | undefined, faults: Faults): string | undefined {
  const fields = readFields(item, { of: 'an item of replaces', known: ['name'] }, faults)
  if (fields === undefined) return undefined
  if (!fields.has('name')) faults.add(item.at, 'an item of replaces names a limit: - name: …')
  const name = readName(fields.get('name'), faults)
  if (name === undefined || name !== own) return name
  faults.add(item.at, `this limit replaces itself, ${quoted(name)}: leave the name out, or give one of them another`)
  return undefined
}
