import { accessReader } from './access-rows.ts'
import { alertRuleReader } from './alert-rows.ts'
import { descriptorDomainReader } from './descriptor-domain-rows.ts'
import { descriptorLimitReader } from './descriptor-rows.ts'
import { grantReader } from './grant-rows.ts'
import { limitReader } from './limit-rows.ts'
import { accountReader, departmentReader, planReader, projectReader } from './people-rows.ts'
import type { PolicyHead, RawRow, TableName } from './ports.ts'
import { priceReader } from './price-rows.ts'
import type { PolicyFault, TableReader } from './quarantine.ts'
import { draftTable, emptyTable, faultsOf, type TableDraft, type TableState } from './table-state.ts'
import { tokenReader } from './token-rows.ts'
import { upstreamReader } from './upstream-rows.ts'

/** The one list of tables, in the order in which their faults are told. */
const tableReaders = {
  plan: planReader,
  department: departmentReader,
  project: projectReader,
  account: accountReader,
  token: tokenReader,
  upstream: upstreamReader,
  limit_rule: limitReader,
  price_rule: priceReader,
  access_rule: accessReader,
  grant: grantReader,
  alert_rule: alertRuleReader,
  descriptor_domain: descriptorDomainReader,
  descriptor_limit: descriptorLimitReader,
} as const satisfies Readonly<Record<TableName, TableReader<unknown>>>

/** What a row of each table is to core. */
type Nouns = {
  readonly [Name in TableName]: (typeof tableReaders)[Name] extends TableReader<infer Noun> ? Noun : never
}

const readers: { readonly [Name in TableName]: TableReader<Nouns[Name]> } = tableReaders
const tableNames = Object.keys(readers) as readonly TableName[]

/** Every row in force at one version, with what is wrong. Immutable; a later state shares what did not change. */
export interface PolicyState {
  readonly history: string
  readonly version: number
  readonly tables: { readonly [Name in TableName]: TableState<Nouns[Name]> }
}

/** A new state in the making. */
export interface PolicyDraft {
  take(batch: { readonly table: TableName; readonly rows: readonly RawRow[] }): void
  remove(gone: { readonly table: TableName; readonly ids: Iterable<string> }): void
  readonly tables: readonly TableName[]
  /** The rows of one table on their way. */
  table(name: TableName): Omit<TableDraft<unknown>, 'finish'>
  finish(head: PolicyHead): PolicyState
}

export const emptyPolicy: PolicyState = {
  history: '',
  version: 0,
  tables: eachTable((): TableState<never> => emptyTable()),
}

/** `start` is the state to change, or `emptyPolicy` when everything is read anew; `before` is what is in force. */
export function draftPolicy({
  start,
  before,
}: {
  readonly start: PolicyState
  readonly before: PolicyState
}): PolicyDraft {
  const draft = <Name extends TableName>(name: Name): TableDraft<Nouns[Name]> =>
    draftTable(readers[name], { start: start.tables[name], before: before.tables[name] })
  const drafts = eachTable(draft) as { readonly [Name in TableName]: TableDraft<Nouns[Name]> }
  return {
    take: ({ table, rows }) => drafts[table].take(rows),
    remove: ({ table, ids }) => drafts[table].remove(ids),
    tables: tableNames,
    table: (name) => drafts[name],
    finish({ history, version, emptied }) {
      const tables = eachTable((name) => drafts[name].finish({ isEmptyOnPurpose: emptied.includes(name) }))
      return { history, version, tables: tables as PolicyState['tables'] }
    },
  }
}

/** Everything in the database that is not in force as it stands there. */
export function policyCheck({ tables } = emptyPolicy): readonly PolicyFault[] {
  return tableNames.flatMap((name) => faultsOf<unknown>(readers[name], tables[name]))
}

function eachTable<Made>(make: (name: TableName) => Made): Readonly<Record<TableName, Made>> {
  return Object.fromEntries(tableNames.map((name) => [name, make(name)])) as Readonly<Record<TableName, Made>>
}
