import { readFileSync } from 'node:fs'
import type { TableName } from '../policy/ports.ts'

const names = [
  'migration',
  'version',
  'changes',
  'department',
  'project',
  'account',
  'plan',
  'token',
  'upstream',
  'limit-rule',
  'price-rule',
  'access-rule',
  'grant',
  'alert-rule',
  'descriptor-domain',
  'descriptor-limit',
  'former',
  'lost',
  'row-at',
] as const

/** The text of each `queries/policy-….sql`, read once. */
export const policyQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/policy-${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>

/** How the rows of each table are read. Parameters: ids or null, rows of the change log or null. */
export const rowQueries: Readonly<Record<TableName, string>> = {
  plan: policyQueries.plan,
  department: policyQueries.department,
  project: policyQueries.project,
  account: policyQueries.account,
  token: policyQueries.token,
  upstream: policyQueries.upstream,
  limit_rule: policyQueries['limit-rule'],
  price_rule: policyQueries['price-rule'],
  access_rule: policyQueries['access-rule'],
  grant: policyQueries.grant,
  alert_rule: policyQueries['alert-rule'],
  descriptor_domain: policyQueries['descriptor-domain'],
  descriptor_limit: policyQueries['descriptor-limit'],
}
