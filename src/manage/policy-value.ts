import { Fault } from '../core/fault.ts'
import type { PolicyColumn, PolicyRow, PolicyTable, PolicyValue } from './admin-ports.ts'

const textLengthMax = 4_000
const itemsMax = 100
const jsonLengthMax = 32_000

type Read = (given: unknown, column: PolicyColumn) => PolicyValue | undefined

/** What each type takes; undefined: not such a value. Every other type is text that the database reads. */
const readers: Readonly<Record<string, { readonly read: Read; readonly wants: string }>> = {
  smallint: { read: whole, wants: 'a whole number' },
  integer: { read: whole, wants: 'a whole number' },
  bigint: { read: whole, wants: 'a whole number' },
  numeric: { read: decimal, wants: 'a number' },
  boolean: { read: yesOrNo, wants: 'true or false' },
  'timestamp with time zone': { read: instant, wants: 'a time such as 2026-12-01T00:00:00Z' },
  'text[]': { read: (given) => listOf(given, text), wants: `a list of at most ${itemsMax} texts` },
  'integer[]': {
    read: (given) => listOf(given, whole),
    wants: `a list of at most ${itemsMax} whole numbers`,
  },
  jsonb: { read: json, wants: `JSON of at most ${jsonLengthMax} characters` },
}
const plain = { read: text, wants: `a text of at most ${textLengthMax} characters without control characters` }

/**
 * The columns that are named, with values that the database can be given. Throws one `Fault` of code `not_valid` that says everything that is
 * wrong: unknown columns, those that only the database writes, and values of another type.
 */
export function policyValues(table: PolicyTable, given: Readonly<Record<string, unknown>>): PolicyRow {
  const faults: string[] = []
  const values = Object.entries(given).flatMap(([name, value]) => {
    const column = table.columns.find((one) => one.name === name)
    const read = column && readAs(column, value)
    if (read?.value !== undefined) return [[name, read.value] as const]
    faults.push(read?.fault ?? `there is no column ${shown(name)}`)
    return []
  })
  if (faults.length === 0) return Object.fromEntries(values)
  const said = faults.slice(0, 10).join('; ')
  throw new Fault('not_valid', `Not a row of ${table.name}: ${said}${faults.length > 10 ? '; and more' : ''}`)
}

function readAs(column: PolicyColumn, given: unknown): { readonly value?: PolicyValue; readonly fault?: string } {
  const { name, isNullable, isWritable } = column
  if (!isWritable) return { fault: `${name} is written by the database` }
  if (given === null) return isNullable ? { value: null } : { fault: `${name} must have a value` }
  const { read, wants } = readers[column.type] ?? plain
  const value = read(given, column)
  if (value !== undefined) return { value }
  const decimals = column.type === 'numeric' && column.decimals !== undefined
  return { fault: `${name} must be ${wants}${decimals ? ` with at most ${column.decimals} decimals` : ''}` }
}

function whole(given: unknown): PolicyValue | undefined {
  if (typeof given === 'string') return /^-?\d{1,18}$/.test(given) ? given : undefined
  return Number.isSafeInteger(given) ? String(given) : undefined
}

/** Numbers are written out without an exponent, so that what is kept is what was sent. */
function decimal(given: unknown, { decimals = 1_000 }: PolicyColumn): PolicyValue | undefined {
  const said = typeof given === 'number' && Math.abs(given) < 1e15 ? String(given) : given
  if (typeof said !== 'string') return undefined
  const [, fraction] = /^-?\d{1,30}(?:\.(\d{1,20}))?$/.exec(said) ?? []
  const isNumber = /^-?\d{1,30}(?:\.\d{1,20})?$/.test(said)
  return isNumber && (fraction ?? '').replace(/0+$/, '').length <= decimals ? said : undefined
}

function yesOrNo(given: unknown): PolicyValue | undefined {
  if (typeof given === 'boolean') return given
  return given === 'true' || given === 'false' ? given === 'true' : undefined
}

/** With its zone: a time without one would be read in the server's. */
function instant(given: unknown): PolicyValue | undefined {
  const isTime =
    typeof given === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/.test(given) &&
    !Number.isNaN(Date.parse(given))
  return isTime ? given : undefined
}

function text(given: unknown): string | undefined {
  if (typeof given !== 'string' || given.length > textLengthMax) return undefined
  return given.isWellFormed() && !/\p{Cc}/u.test(given) ? given : undefined
}

/** A command line writes a list as `80,95,100`, SQL as `{80,95,100}`. */
function listOf(
  given: unknown,
  read: (item: unknown) => PolicyValue | undefined,
): readonly (string | number)[] | undefined {
  const inner = typeof given === 'string' ? given.replace(/^\{(.*)\}$/s, '$1') : ''
  const items = typeof given === 'string' ? (inner === '' ? [] : inner.split(',').map((item) => item.trim())) : given
  if (!Array.isArray(items) || items.length > itemsMax) return undefined
  const values = items.map((item) => read(item))
  const isList = values.every((value): value is string => typeof value === 'string')
  return isList ? values : undefined
}

/** As text, which a command line has, or as it is; answered as text for the database to read. */
function json(given: unknown): PolicyValue | undefined {
  const said = typeof given === 'string' ? given : JSON.stringify(given)
  if (said === undefined || said.length > jsonLengthMax || !said.isWellFormed()) return undefined
  try {
    // The database keeps no NUL and no half letters, which are left as escapes when all others are written out.
    const written = JSON.stringify(JSON.parse(said)).replaceAll('\\\\', '')
    return /\\u(0000|d[89a-f])/.test(written) ? undefined : said
  } catch {
    return undefined
  }
}

function shown(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name)
}
