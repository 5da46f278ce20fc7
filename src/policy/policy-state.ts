import type { AlertRule } from '../core/alert-rule.ts'
import type { Grant } from '../core/grant.ts'
import type { LimitRule } from '../core/limit.ts'
import type { PriceRule } from '../core/price.ts'
import type { Account, Department, Plan, Project, Token } from '../core/principal.ts'
import type { Upstream } from '../core/upstream.ts'
import { type AccessEntry, accessReader } from './access-rows.ts'
import { alertRuleReader } from './alert-rows.ts'
import { grantReader } from './grant-rows.ts'
import { limitReader } from './limit-rows.ts'
import { accountReader, departmentReader, planReader, projectReader } from './people-rows.ts'
import type { PolicyHead, RawRow, TableName } from './ports.ts'
import { priceReader } from './price-rows.ts'
import type { PolicyFault } from './quarantine.ts'
import { draftTable, emptyTable, faultsOf, type TableDraft, type TableState } from './table-state.ts'
import { tokenReader } from './token-rows.ts'
import { upstreamReader } from './upstream-rows.ts'

/** Every row in force at one version, with what is wrong. Immutable; a later state shares what did not change. */
export interface PolicyState {
  readonly history: string
  readonly version: number
  readonly tables: {
    readonly plan: TableState<Plan>
    readonly department: TableState<Department>
    readonly project: TableState<Project>
    readonly account: TableState<Account>
    readonly token: TableState<Token>
    readonly upstream: TableState<Upstream>
    readonly limit_rule: TableState<LimitRule>
    readonly price_rule: TableState<PriceRule>
    readonly access_rule: TableState<AccessEntry>
    readonly grant: TableState<Grant>
    readonly alert_rule: TableState<AlertRule>
  }
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

const tableNames = [
  ...(['plan', 'department', 'project', 'account', 'token', 'upstream'] as const),
  ...(['limit_rule', 'price_rule', 'access_rule', 'grant', 'alert_rule'] as const),
]

const readers = {
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
} as const

export const emptyPolicy: PolicyState = {
  history: '',
  version: 0,
  tables: {
    plan: emptyTable(),
    department: emptyTable(),
    project: emptyTable(),
    account: emptyTable(),
    token: emptyTable(),
    upstream: emptyTable(),
    limit_rule: emptyTable(),
    price_rule: emptyTable(),
    access_rule: emptyTable(),
    grant: emptyTable(),
    alert_rule: emptyTable(),
  },
}

/** `start` is the state to change, or `emptyPolicy` when everything is read anew; `before` is what is in force. */
export function draftPolicy({
  start,
  before,
}: {
  readonly start: PolicyState
  readonly before: PolicyState
}): PolicyDraft {
  const from = start.tables
  const old = before.tables
  const drafts = {
    plan: draftTable(readers.plan, { start: from.plan, before: old.plan }),
    department: draftTable(readers.department, { start: from.department, before: old.department }),
    project: draftTable(readers.project, { start: from.project, before: old.project }),
    account: draftTable(readers.account, { start: from.account, before: old.account }),
    token: draftTable(readers.token, { start: from.token, before: old.token }),
    upstream: draftTable(readers.upstream, { start: from.upstream, before: old.upstream }),
    limit_rule: draftTable(readers.limit_rule, { start: from.limit_rule, before: old.limit_rule }),
    price_rule: draftTable(readers.price_rule, { start: from.price_rule, before: old.price_rule }),
    access_rule: draftTable(readers.access_rule, { start: from.access_rule, before: old.access_rule }),
    grant: draftTable(readers.grant, { start: from.grant, before: old.grant }),
    alert_rule: draftTable(readers.alert_rule, { start: from.alert_rule, before: old.alert_rule }),
  }
  return {
    take: ({ table, rows }) => drafts[table].take(rows),
    remove: ({ table, ids }) => drafts[table].remove(ids),
    tables: tableNames,
    table: (name) => drafts[name],
    finish({ history, version, emptied }) {
      const finish = <Noun>(table: TableName, draft: TableDraft<Noun>): TableState<Noun> =>
        draft.finish({ isEmptyOnPurpose: emptied.includes(table) })
      return {
        history,
        version,
        tables: {
          plan: finish('plan', drafts.plan),
          department: finish('department', drafts.department),
          project: finish('project', drafts.project),
          account: finish('account', drafts.account),
          token: finish('token', drafts.token),
          upstream: finish('upstream', drafts.upstream),
          limit_rule: finish('limit_rule', drafts.limit_rule),
          price_rule: finish('price_rule', drafts.price_rule),
          access_rule: finish('access_rule', drafts.access_rule),
          grant: finish('grant', drafts.grant),
          alert_rule: finish('alert_rule', drafts.alert_rule),
        },
      }
    },
  }
}

/** Everything in the database that is not in force as it stands there. */
export function policyCheck({ tables } = emptyPolicy): readonly PolicyFault[] {
  return [
    ...faultsOf(readers.plan, tables.plan),
    ...faultsOf(readers.department, tables.department),
    ...faultsOf(readers.project, tables.project),
    ...faultsOf(readers.account, tables.account),
    ...faultsOf(readers.token, tables.token),
    ...faultsOf(readers.upstream, tables.upstream),
    ...faultsOf(readers.limit_rule, tables.limit_rule),
    ...faultsOf(readers.price_rule, tables.price_rule),
    ...faultsOf(readers.access_rule, tables.access_rule),
    ...faultsOf(readers.grant, tables.grant),
    ...faultsOf(readers.alert_rule, tables.alert_rule),
  ]
}
