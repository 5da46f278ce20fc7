import { Fault } from '../core/fault.ts'
import { emptyPolicy, type PolicyState } from './policy-state.ts'
import type { SealedLines, TableName } from './ports.ts'
import type { PolicyFault } from './quarantine.ts'
import { ShardedMap } from './sharded-map.ts'
import type { TableState } from './table-state.ts'

/** Raised whenever a noun of the policy changes its shape: another release's copy is not guessed at. */
export const copyFormat = 2

/** A policy as it was in force, and when the database last said that it was the newest. */
export interface CopiedPolicy {
  readonly state: PolicyState
  readonly confirmedAtMs: number
}

interface Head {
  readonly format: number
  readonly history: string
  readonly version: number
  readonly confirmedAtMs: number
}

/** A row in force by its id, a faulty row, or a table that is held although it is empty in the database. */
type Line =
  | readonly ['row', TableName, string, unknown]
  | readonly ['fault', TableName, PolicyFault]
  | readonly ['held', TableName]

type Tables = { -readonly [Name in TableName]: TableState<unknown> }

/** What is in force, row by row: no secret is in it but the digests of tokens. */
export function* linesOfPolicy({ state, confirmedAtMs }: CopiedPolicy): Iterable<string> {
  const { history, version } = state
  const head: Head = { format: copyFormat, history, version, confirmedAtMs }
  yield JSON.stringify(head)
  for (const [name, table] of Object.entries(state.tables) as [TableName, TableState<unknown>][]) {
    if (table.isHeld) yield encode(['held', name])
    for (const fault of table.faults.values()) yield encode(['fault', name, fault])
    for (const [id, noun] of table.inForce.entries()) yield encode(['row', name, id, noun])
  }
}

/**
 * The policy that was last kept; undefined when none was. Throws a `Fault` of code `not_valid` that says why it cannot be used: changed by
 * somebody else, of another release's format, or confirmed longer ago than `ageMsMax`.
 */
export async function readCopiedPolicy(
  copy: SealedLines,
  { nowMs, ageMsMax }: { readonly nowMs: number; readonly ageMsMax: number },
): Promise<CopiedPolicy | undefined> {
  let head: Head | undefined
  const drafts = new Map<TableName, Draft>()
  const isThere = await copy.read((line) => {
    if (head === undefined) head = checkedHead(JSON.parse(line) as Head, { nowMs, ageMsMax })
    else take(decode(line), drafts)
  })
  if (!isThere || head === undefined) return undefined
  const { history, version, confirmedAtMs } = head
  const tables: Tables = { ...emptyPolicy.tables }
  for (const [name, { rows, faults, isHeld }] of drafts) tables[name] = { inForce: rows.finish(), faults, isHeld }
  return { state: { history, version, tables: tables as PolicyState['tables'] }, confirmedAtMs }
}

interface Draft {
  readonly rows: ReturnType<ShardedMap<unknown>['draft']>
  readonly faults: Map<string, PolicyFault>
  isHeld: boolean
}

function take(line: Line, drafts: Map<TableName, Draft>): void {
  const [kind, name] = line
  const draft = drafts.get(name) ?? { rows: new ShardedMap<unknown>().draft(), faults: new Map(), isHeld: false }
  drafts.set(name, draft)
  if (kind === 'held') draft.isHeld = true
  else if (kind === 'fault') draft.faults.set(line[2].id, line[2])
  else draft.rows.set(line[2], line[3])
}

const dayMs = 86_400_000

function checkedHead(head: Head, { nowMs, ageMsMax }: { readonly nowMs: number; readonly ageMsMax: number }): Head {
  if (head.format !== copyFormat)
    throw new Fault('not_valid', `The copy of the policy has format ${head.format}; this release reads ${copyFormat}`)
  const ageMs = nowMs - head.confirmedAtMs
  if (ageMs <= ageMsMax) return head
  const days = (ms: number): string => (ms / dayMs).toFixed(1)
  throw new Fault(
    'not_valid',
    `The copy of the policy is ${days(ageMs)} days old; at most ${days(ageMsMax)} are allowed`,
  )
}

/** JSON has no infinite numbers, and a time may be one. */
function encode(line: Line): string {
  return JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { infinite: value > 0 ? 1 : -1 } : value,
  )
}

function decode(line: string): Line {
  return JSON.parse(line, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'infinite' in value ? Number(value.infinite) / 0 : value,
  ) as Line
}
