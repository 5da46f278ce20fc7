import { Fault } from '../core/fault.ts'
import type { PolicyRowStore, PolicyTable } from './admin-ports.ts'

/**
 * One row per table that administrators write row by row. Left out on purpose: tokens, channels, grants and requests have use cases of
 * their own, and an upstream names a file or a variable whose content is sent to it, which is for who may log in to the server.
 */
const tables = {
  plan: { isHeldWhenEmptied: true },
  department: { isHeldWhenEmptied: true },
  project: { isHeldWhenEmptied: true },
  account: { isHeldWhenEmptied: true },
  limit_rule: { isHeldWhenEmptied: true },
  price_rule: { isHeldWhenEmptied: true },
  price_tier: { isHeldWhenEmptied: false },
  access_rule: { isHeldWhenEmptied: false },
  alert_rule: { isHeldWhenEmptied: false },
  descriptor_domain: { isHeldWhenEmptied: true, keyHasCommas: true },
  descriptor_limit: { isHeldWhenEmptied: true },
  pack: { isHeldWhenEmptied: false },
  credit_price: { isHeldWhenEmptied: false },
} satisfies Readonly<Record<string, Omit<PolicyTable, 'name' | 'columns'>>>

export const policyTableNames = Object.keys(tables)

/** The table with its columns as the database has them now. Throws a `Fault`: `not_valid` (no such table), `policy_unavailable`. */
export async function policyTable(rows: PolicyRowStore, name: string): Promise<PolicyTable> {
  const known = Object.entries(tables).find(([table]) => table === name)
  const columns = known === undefined ? [] : await rows.columns(name)
  if (known === undefined || columns.length === 0) {
    throw new Fault('not_valid', `There is no table of policy named so; there are ${policyTableNames.join(', ')}`)
  }
  return { name, ...known[1], columns }
}

/** The columns of the primary key in its order. */
export function keyColumns({ columns }: PolicyTable): PolicyTable['columns'] {
  return columns
    .filter(({ keyPlace }) => keyPlace !== undefined)
    .sort((left, right) => (left.keyPlace ?? 0) - (right.keyPlace ?? 0))
}
