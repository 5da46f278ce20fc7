import { endedGrants, withoutEndedGrants } from './ended-grants.ts'
import { draftPolicy, emptyPolicy, type PolicyState } from './policy-state.ts'
import type { PolicyChanges, PolicyDatabase } from './ports.ts'
import { recover } from './recover.ts'
import { createSnapshot, type PolicySnapshot } from './snapshot.ts'

/** From when on grants that ended are of use; absent: all are kept. */
export interface Keeping {
  readonly grantsSinceMs?: number
}

const allGrants = Number.NEGATIVE_INFINITY

/**
 * Reads everything anew. `before`, what is in force, lends last good versions to rows that are now faulty, and an emptied table its rows;
 * what it does not know the change log tells. Throws a `Fault` of code `policy_unavailable`.
 */
export async function readPolicy(
  database: PolicyDatabase,
  before: PolicyState = emptyPolicy,
  { grantsSinceMs = allGrants }: Keeping = {},
): Promise<PolicySnapshot> {
  const draft = draftPolicy({ start: emptyPolicy, before })
  const head = await database.readAll((batch) => draft.take(withoutEndedGrants(batch, grantsSinceMs)))
  await recover(draft, database, head)
  return createSnapshot(draft.finish(head))
}

/** The policy after some changes; costs what the changes cost, not what the policy is. Asks the database only for what memory lacks. */
export async function applyChanges(
  database: PolicyDatabase,
  previous: PolicySnapshot,
  { grantsSinceMs = allGrants, ...changes }: PolicyChanges & Keeping,
): Promise<PolicySnapshot> {
  const draft = draftPolicy({ start: previous.state, before: previous.state })
  const ended = endedGrants(previous.state.tables.grant, { sinceMs: grantsSinceMs, nth: changes.version })
  draft.remove({ table: 'grant', ids: ended })
  for (const { table, ids, rows } of changes.touched.map((touched) => withoutEndedGrants(touched, grantsSinceMs))) {
    const there = new Set(rows.map((row) => String(row['id'])))
    draft.remove({ table, ids: ids.filter((id) => !there.has(id)) })
    draft.take({ table, rows })
  }
  await recover(draft, database, changes)
  const touchedTokens = changes.touched.flatMap(({ table, ids }) => (table === 'token' ? ids : []))
  return createSnapshot(draft.finish(changes), { previous, touchedTokens })
}
