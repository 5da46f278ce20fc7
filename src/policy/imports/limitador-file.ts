import { type RateUnit, rateUnits } from '../../core/descriptor-rule.ts'
import type { LimitRow, SourceFile, StepRow } from '../import-ports.ts'
import { type Faults, type Place, quoted } from './import-fault.ts'
import { importedId } from './import-id.ts'
import { conditionStep, variableStep } from './limitador-words.ts'
import type { ImportedRow } from './ratelimit-rows.ts'
import { type Fields, readFields, readList, readText, readWhole } from './read-fields.ts'
import { readYaml } from './read-yaml.ts'
import type { YamlValue } from './yaml-tree.ts'

const amountMax = 2 ** 52
const secondsMax = 1_000 * 86_400 * 365
const unitsMax = 1_000
const depthMax = 10
const words = {
  of: 'a limit',
  known: ['namespace', 'max_value', 'seconds', 'name', 'id', 'conditions', 'variables'],
  elsewhere: { policy: 'Tollgate has no such thing, leave it out' },
}

/** A unit's fixed length, as windows without a zone have it: a month of 30 days, a year of 365. */
const unitSeconds: Readonly<Record<RateUnit, number>> = {
  ...{ second: 1, minute: 60, hour: 3_600, day: 86_400, week: 604_800, month: 2_592_000, year: 31_536_000 },
}

/**
 * The limits of a file of limitador, each a row: the entries of its conditions in their order, then those of its variables. Whatever Tollgate
 * cannot hold is a fault.
 */
export function readLimitadorFile(file: SourceFile, faults: Faults): readonly ImportedRow[] {
  const root = readYaml(file, faults)
  if (root === undefined) return []
  if (root.kind !== 'list') {
    faults.add(root.at, 'a file of limitador is a list of limits, each after a -')
    return []
  }
  return root.items.map((item) => readLimit(item, faults)).filter((row) => row !== undefined)
}

/** Limits that come to the same row are faults: of one path and period there is one. */
export function noteTwins(rows: readonly ImportedRow[], faults: Faults): void {
  const seen = new Map<string, Place>()
  for (const { row, at } of rows) {
    const twin = seen.get(row.id)
    if (twin === undefined) seen.set(row.id, at)
    else
      faults.add(at, `a limit of the same entries and seconds is there already at ${twin.file}:${twin.line}: keep one`)
  }
}

function readLimit(item: YamlValue, faults: Faults): ImportedRow | undefined {
  const fields = readFields(item, words, faults)
  if (fields === undefined) return undefined
  for (const name of ['namespace', 'max_value', 'seconds']) {
    if (!fields.has(name)) faults.add(item.at, `this limit has no ${name}`)
  }
  const domain = readText(fields.get('namespace'), 255, faults)
  const amount = readWhole(fields.get('max_value'), { max: amountMax }, faults)
  const period = readPeriod(fields, faults)
  const name = readText(fields.get('name'), 255, faults)
  readText(fields.get('id'), 255, faults)
  const entries = readEntries(fields, item.at, faults)
  const isPlain = noteControl(fields, faults)
  if (domain === undefined || amount === undefined || period === undefined || entries === undefined || !isPlain)
    return undefined
  return { row: rowOf({ domain, amount, ...period, entries, name: name ?? null }), at: item.at }
}

function noteControl(fields: Fields, faults: Faults): boolean {
  const wrong = ['namespace', 'name']
    .map((name) => fields.get(name))
    .filter((field) => field?.value.kind === 'text' && /\p{Cc}/u.test(field.value.text))
  for (const field of wrong) if (field) faults.add(field.value.at, `${field.name} has control characters`)
  return wrong.length === 0
}

function rowOf(given: Pick<LimitRow, 'domain' | 'amount' | 'unit' | 'units' | 'entries' | 'name'>): ImportedRow['row'] {
  return {
    ...{ id: importedId('lm', given), kind: 'window', position: 0, ...given },
    ...{ time_zone: null, burst: null, held_seconds: null, replaces: [], shadow: false, quota_mode: false },
    ...{ detailed_metric: false, charges_refused: null, posture: null, note: '' },
  }
}

/** The largest unit that makes it whole: 120 seconds are 2 minutes. */
function readPeriod(
  fields: Fields,
  faults: Faults,
): { readonly unit: RateUnit; readonly units: number | null } | undefined {
  const field = fields.get('seconds')
  const seconds = readWhole(field, { min: 1, max: secondsMax }, faults)
  if (field === undefined || seconds === undefined) return undefined
  // A week of 7 days or a month of 30 is what the number means only if it is just one.
  const unit = rateUnits.findLast((one) =>
    ['week', 'month', 'year'].includes(one) ? seconds === unitSeconds[one] : seconds % unitSeconds[one] === 0,
  )
  const units = seconds / unitSeconds[unit ?? 'second']
  if (unit !== undefined && units <= unitsMax) return { unit, units: units === 1 ? null : units }
  faults.add(
    field.value.at,
    `${seconds} seconds are not at most ${unitsMax} of one unit: choose whole minutes, hours or days`,
  )
  return undefined
}

function readEntries(fields: Fields, at: Place, faults: Faults): readonly StepRow[] | undefined {
  const before = faults.count
  const steps = [
    ...textsOf(fields, 'conditions', faults).map((text) => conditionStep(text, faults)),
    ...textsOf(fields, 'variables', faults).map((text) => variableStep(text, faults)),
  ].filter((step) => step !== undefined)
  const keys = steps.map(({ key }) => key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) faults.add(at, `the entry ${quoted(twice)} is asked for twice: keep one of them`)
  else if (steps.length > depthMax) faults.add(at, `this limit asks for more than ${depthMax} entries`)
  else if (faults.count === before && steps.length === 0)
    faults.add(
      at,
      'a limit without conditions and variables is for every descriptor: name an entry that all have as a variable',
    )
  return faults.count === before ? steps : undefined
}

function textsOf(fields: Fields, name: string, faults: Faults) {
  const field = fields.get(name)
  if (field === undefined || field.value.kind === 'nothing') return []
  return (readList(field, faults) ?? []).flatMap((value) => {
    if (value.kind === 'text') return [value]
    faults.add(value.at, `${name} are texts`)
    return []
  })
}
