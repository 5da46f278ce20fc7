import { z } from 'zod'
import type { Account, Department, Plan, Project } from '../core/principal.ts'
import type { RawRow } from './ports.ts'
import { lastGood, type Substitute, type TableReader } from './quarantine.ts'
import { isTimeZone, oneOf, partition, rowReader, slug } from './row-schema.ts'

const daysConstraint = 'plan_token_days_max_is_1_to_3650'
const bridgeConstraint = 'plan_bridge_percent_is_0_to_100'

export const planReader: TableReader<Plan> = {
  table: 'plan',
  read: rowReader(
    z.strictObject({
      id: slug,
      token_days_max: z
        .int({ error: daysConstraint })
        .min(1, { error: daysConstraint })
        .max(3650, { error: daysConstraint }),
      bridge_percent: z
        .int({ error: bridgeConstraint })
        .min(0, { error: bridgeConstraint })
        .max(100, { error: bridgeConstraint }),
    }),
    [],
    (row) => ({ id: row.id, tokenDaysMax: row.token_days_max, bridgePercent: row.bridge_percent }),
  ),
  substitute: lastGood,
  heldWhenEmptied: true,
}

export const departmentReader: TableReader<Department> = {
  table: 'department',
  read: rowReader(
    z.strictObject({ id: slug, partition: partition('department_partition_is_0_to_255') }),
    [],
    (row) => row,
  ),
  substitute: lastGood,
  heldWhenEmptied: true,
}

export const projectReader: TableReader<Project> = {
  table: 'project',
  read: rowReader(
    z.strictObject({ id: slug, partition: partition('project_partition_is_0_to_255'), department: slug }),
    [],
    (row) => row,
  ),
  substitute: lastGood,
  heldWhenEmptied: true,
}

export const accountReader: TableReader<Account> = {
  table: 'account',
  read: rowReader(
    z.strictObject({
      id: slug,
      partition: partition('account_partition_is_0_to_255'),
      kind: oneOf(['person', 'ci', 'service', 'mirror'], 'account_kind_is_known'),
      role: oneOf(['member', 'lead', 'admin'], 'account_role_is_known'),
      project: slug,
      plan: slug,
      time_zone: z.string().refine(isTimeZone, { error: 'account_time_zone_is_known' }),
      disabled: z.boolean(),
    }),
    [],
    ({ time_zone, ...row }) => ({ ...row, timeZone: time_zone }),
  ),
  substitute: substituteAccount,
  heldWhenEmptied: true,
}

/** Whatever else is wrong with the row, an account that it disables is disabled. */
function substituteAccount(row: RawRow, before: Account | undefined): Substitute<Account> | undefined {
  if (before === undefined || row['disabled'] !== true) return lastGood(row, before)
  return { noun: { ...before, disabled: true }, inForce: 'stricter of old and new' }
}
