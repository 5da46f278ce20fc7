import { scopeName } from '../core/resolve-limits.ts'
import type { Subject } from '../core/subject.ts'
import { GrantEdges } from './grant-edges.ts'
import { Members } from './members.ts'
import type { PolicyState } from './policy-state.ts'
import type { ShardedMap } from './sharded-map.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** Whose quotas may stand otherwise than before. Beyond 1,000 subjects it is everybody. */
export type Concerned = 'everybody' | readonly Subject[]

/** Who is concerned by changes of limits. Remembers who is where, so that an answer costs what changed and whom it concerns. */
export interface LimitChanges {
  /** Whose limits, or levels, or place a change of policy touched. The first call looks at everybody. */
  concernedBy(before: PolicySnapshot | undefined, after: PolicySnapshot): Concerned
  /**
   * Whose limits rose or fell because a grant began or ended after `sinceMs` and until `untilMs`, and when the next one does. Looks at each
   * grant at the first call, and when it is not asked from where it was last asked until.
   */
  grantEdges(
    snapshot: PolicySnapshot,
    time: { readonly sinceMs: number; readonly untilMs: number },
  ): { readonly concerned: Concerned; readonly nextMs: number | undefined }
}

const subjectsMax = 1_000
const edgesMax = 5_000
const anyone = scopeName({ kind: 'anyone' })

export function createLimitChanges(): LimitChanges {
  const places = createPlaces()
  const edges = new GrantEdges()
  return {
    concernedBy(before, after) {
      const { tables } = after.state
      places.follow(tables)
      if (before === undefined || before.history !== after.history) return 'everybody'
      return places.subjectsIn(upToMany(changedScopes(before.state.tables, tables, edges)), tables)
    },
    grantEdges({ state: { tables } }, time) {
      places.follow(tables)
      const { grants, nextMs } = edges.between(tables.grant.inForce, { ...time, countMax: edgesMax })
      if (grants === undefined) return { concerned: 'everybody', nextMs }
      const scopes = upToMany(grants.map(({ grantedTo }) => scopeName(grantedTo)))
      return { concerned: places.subjectsIn(scopes, tables), nextMs }
    },
  }
}

type Tables = PolicyState['tables']

/** One more than the most is enough to know that it is everybody. */
function upToMany(all: Iterable<string>, some = new Set<string>()): Set<string> {
  for (const one of all) {
    if (some.size > subjectsMax) break
    some.add(one)
  }
  return some
}

function* changedScopes(before: Tables, after: Tables, edges: GrantEdges): Iterable<string> {
  yield* scopesOfChanged(before.limit_rule.inForce, after.limit_rule.inForce, (rule) => scopeName(rule.appliesTo))
  yield* scopesOfChanged(before.grant.inForce, after.grant.inForce, (grant) =>
    edges.isOver(grant) ? undefined : scopeName(grant.grantedTo),
  )
  yield* scopesOfChanged(before.alert_rule.inForce, after.alert_rule.inForce, (rule) => rule.scope)
  yield* scopesOfChanged(before.account.inForce, after.account.inForce, ({ id }) => `account:${id}`)
  yield* scopesOfChanged(before.project.inForce, after.project.inForce, ({ id }) => `project:${id}`)
}

/** A row that moved touches where it was and where it is. */
function* scopesOfChanged<Row>(
  before: ShardedMap<Row>,
  after: ShardedMap<Row>,
  scopeOf: (row: Row) => string | undefined,
): Iterable<string> {
  for (const id of after.changedKeys(before)) {
    for (const row of [before.get(id), after.get(id)]) {
      const scope = row && scopeOf(row)
      if (scope !== undefined) yield scope
    }
  }
}

function createPlaces() {
  const projects = new Members<{ readonly department: string }>(({ department }) => department)
  const accounts = new Members<{ readonly project: string }>(({ project }) => project)
  const plans = new Members<{ readonly plan: string }>(({ plan }) => plan)
  let rules: Tables['limit_rule'] | undefined
  let tokens: Members<{ readonly account: string }> | undefined

  /** Ids of the scopes of a kind. */
  const idsOf = (scopes: ReadonlySet<string>, kind: string): readonly string[] =>
    [...scopes].flatMap((scope) => (scope.startsWith(`${kind}:`) ? [scope.slice(kind.length + 1)] : []))

  return {
    follow(tables: Tables): void {
      projects.follow(tables.project.inForce)
      accounts.follow(tables.account.inForce)
      plans.follow(tables.account.inForce)
      if (rules !== tables.limit_rule) {
        rules = tables.limit_rule
        // Only where tokens have quotas of their own: there may be a million of them.
        tokens = hasQuotasPerToken(tables) ? (tokens ?? new Members(({ account }) => account)) : undefined
      }
      tokens?.follow(tables.token.inForce)
    },
    subjectsIn(scopes: ReadonlySet<string>, tables: Tables): Concerned {
      if (scopes.has(anyone) || scopes.size > subjectsMax) return 'everybody'
      const found = { department: upToMany(idsOf(scopes, 'department')), project: upToMany(idsOf(scopes, 'project')) }
      for (const id of found.department) upToMany(projects.in(id), found.project)
      const inside = upToMany(idsOf(scopes, 'account'))
      for (const id of found.project) upToMany(accounts.in(id), inside)
      for (const id of idsOf(scopes, 'plan')) upToMany(plans.in(id), inside)
      const theirs = new Set<string>()
      if (tokens !== undefined) for (const id of inside) upToMany(tokens.in(id), theirs)
      if ([found.project, inside, theirs].some(({ size }) => size > subjectsMax)) return 'everybody'
      const subjects = [
        ...subjectsOf('department', found.department, tables),
        ...subjectsOf('project', found.project, tables),
        ...subjectsOf('account', inside, tables),
        ...subjectsOf('token', theirs, tables),
      ]
      return subjects.length > subjectsMax ? 'everybody' : subjects
    },
  }
}

function hasQuotasPerToken({ limit_rule: limits }: Tables): boolean {
  return [...limits.inForce.values()].some(({ kind, per }) => kind === 'quota' && per === 'token')
}

type Kind = 'department' | 'project' | 'account' | 'token'

/** Those that are in force, by id. */
function subjectsOf(kind: Kind, ids: ReadonlySet<string>, tables: Tables): readonly Subject[] {
  return [...ids].sort().flatMap((id): readonly Subject[] => {
    const row = tables[kind].inForce.get(id)
    return row === undefined ? [] : [{ kind, id, partition: row.partition }]
  })
}
