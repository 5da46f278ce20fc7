import { z } from 'zod'
import type { AlertRule } from '../core/alert-rule.ts'
import { scopeName } from '../core/resolve-limits.ts'
import { lastGood, type TableReader } from './quarantine.ts'
import { rowReader, slug } from './row-schema.ts'

const percentsMax = 10
const isPercent = 'alert_rule_percents_are_1_to_1000'
const isBounded = 'alert_rule_has_at_most_10_percents'

const shape = z.strictObject({
  id: slug,
  limit_name: slug.nullable(),
  account: slug.nullable(),
  project: slug.nullable(),
  department: slug.nullable(),
  plan: slug.nullable(),
  percents: z.array(z.int({ error: isBounded }).min(1, { error: isPercent }).max(1_000, { error: isPercent })),
})
type Row = z.output<typeof shape>

/** Not held when emptied: without rows people are told at the usual percentages. */
export const alertRuleReader: TableReader<AlertRule> = {
  table: 'alert_rule',
  read: rowReader(
    shape,
    [
      ['alert_rule_is_for_one_thing_at_most', (row) => scopes(row).length <= 1],
      [isBounded, (row) => row.percents.length <= percentsMax],
    ],
    ruleOf,
  ),
  substitute: lastGood,
  heldWhenEmptied: false,
}

function ruleOf(row: Row): AlertRule {
  return {
    id: row.id,
    ...(row.limit_name !== null && { limitName: row.limit_name }),
    scope: scopes(row)[0] ?? scopeName({ kind: 'anyone' }),
    percents: [...new Set(row.percents)].sort((left, right) => left - right),
  }
}

function scopes(row: Row): readonly string[] {
  return (['account', 'project', 'department', 'plan'] as const).flatMap((kind) => {
    const id = row[kind]
    return id === null ? [] : [scopeName({ kind, id })]
  })
}
