import { draftPolicy, emptyPolicy, type PolicyState } from './policy-state.ts'
import type { PolicyChanges, PolicyDatabase } from './ports.ts'
import { createSnapshot, type PolicySnapshot } from './snapshot.ts'

/** Reads everything anew. `before`, what is in force, lends last good versions to rows that are now faulty. */
export async function readPolicy(database: PolicyDatabase, before: PolicyState = emptyPolicy): Promise<PolicySnapshot> {
  const draft = draftPolicy({ start: emptyPolicy, before })
  const head = await database.readAll((batch) => draft.take(batch))
  return createSnapshot(draft.finish(head))
}

/** The policy after some changes; costs what the changes cost, not what the policy is. */
export function applyChanges(previous: PolicySnapshot, changes: PolicyChanges): PolicySnapshot {
  const draft = draftPolicy({ start: previous.state, before: previous.state })
  for (const { table, ids, rows } of changes.touched) {
    const there = new Set(rows.map((row) => String(row['id'])))
    draft.remove({ table, ids: ids.filter((id) => !there.has(id)) })
    draft.take({ table, rows })
  }
  const touchedTokens = changes.touched.flatMap(({ table, ids }) => (table === 'token' ? ids : []))
  return createSnapshot(draft.finish(changes), { previous, touchedTokens })
}
