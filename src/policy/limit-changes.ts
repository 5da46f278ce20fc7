import { scopeName } from '../core/resolve-limits.ts'
import type { Subject } from '../core/subject.ts'
import type { PolicyState } from './policy-state.ts'
import type { ShardedMap } from './sharded-map.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** Whose quotas may stand otherwise than before. Beyond 1,000 subjects it is everybody. */
export type Concerned = 'everybody' | readonly Subject[]

const subjectsMax = 1_000
const anyone = scopeName({ kind: 'anyone' })

/** Whose limits, or levels, or place a change of policy touched. Costs what changed, and for wide rows a look at each account. */
export function concernedBy(before: PolicySnapshot | undefined, after: PolicySnapshot): Concerned {
  if (before === undefined || before.history !== after.history) return 'everybody'
  return subjectsIn(changedScopes(before.state.tables, after.state.tables), after.state.tables)
}

/** Whose limits rose or fell because a grant began or ended after `sinceMs` and until `untilMs`, and when the next one does. */
export function grantEdges(
  { state: { tables } }: PolicySnapshot,
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
): { readonly concerned: Concerned; readonly nextMs: number | undefined } {
  const scopes = new Set<string>()
  let nextMs: number | undefined
  for (const { startMs, endMs, grantedTo } of tables.grant.inForce.values()) {
    for (const edgeMs of [startMs, endMs]) {
      if (edgeMs > untilMs) nextMs = Math.min(nextMs ?? edgeMs, edgeMs)
      else if (edgeMs > sinceMs) scopes.add(scopeName(grantedTo))
    }
  }
  return { concerned: subjectsIn(scopes, tables), nextMs }
}

type Tables = PolicyState['tables']

function changedScopes(before: Tables, after: Tables): ReadonlySet<string> {
  return new Set([
    ...scopesOfChanged(before.limit_rule.inForce, after.limit_rule.inForce, (rule) => scopeName(rule.appliesTo)),
    ...scopesOfChanged(before.grant.inForce, after.grant.inForce, (grant) => scopeName(grant.grantedTo)),
    ...scopesOfChanged(before.alert_rule.inForce, after.alert_rule.inForce, (rule) => rule.scope),
    ...scopesOfChanged(before.account.inForce, after.account.inForce, ({ id }) => `account:${id}`),
    ...scopesOfChanged(before.project.inForce, after.project.inForce, ({ id }) => `project:${id}`),
  ])
}

/** A row that moved touches where it was and where it is. */
function* scopesOfChanged<Row>(before: ShardedMap<Row>, after: ShardedMap<Row>, scopeOf: (row: Row) => string) {
  for (const id of after.changedKeys(before)) {
    for (const row of [before.get(id), after.get(id)]) if (row !== undefined) yield scopeOf(row)
  }
}

function subjectsIn(scopes: ReadonlySet<string>, tables: Tables): Concerned {
  if (scopes.size === 0) return []
  if (scopes.has(anyone)) return 'everybody'
  const projects = [...tables.project.inForce.values()].filter(
    ({ id, department }) => scopes.has(`project:${id}`) || scopes.has(`department:${department}`),
  )
  const departments = [...tables.department.inForce.values()].filter(({ id }) => scopes.has(`department:${id}`))
  const inside = new Set(projects.map(({ id }) => id))
  const accounts = [...tables.account.inForce.values()].filter(
    ({ id, project, plan }) => inside.has(project) || scopes.has(`account:${id}`) || scopes.has(`plan:${plan}`),
  )
  const found = [
    ...departments.map((row) => subjectOf('department', row)),
    ...projects.map((row) => subjectOf('project', row)),
    ...accounts.map((row) => subjectOf('account', row)),
    ...tokensOf(new Set(accounts.map(({ id }) => id)), tables),
  ]
  return found.length > subjectsMax ? 'everybody' : found
}

/** Only where tokens have quotas of their own: there may be a million of them. */
function tokensOf(accounts: ReadonlySet<string>, { token, limit_rule: limits }: Tables): readonly Subject[] {
  if (accounts.size === 0) return []
  if (![...limits.inForce.values()].some(({ kind, per }) => kind === 'quota' && per === 'token')) return []
  return [...token.inForce.values()]
    .filter(({ account }) => accounts.has(account))
    .map((row) => subjectOf('token', row))
}

function subjectOf(
  kind: Subject['kind'],
  { id, partition }: { readonly id: string; readonly partition: number },
): Subject {
  return { kind, id, partition }
}
