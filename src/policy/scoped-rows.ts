import { ShardedMap } from './sharded-map.ts'

/** Rows by what they apply to. Immutable; the next one costs what changed in between, not what there is. */
export interface ScopedRows<Row> {
  readonly rows: ShardedMap<Row>
  readonly byScope: ShardedMap<readonly Row[]>
}

/** Groups rows by the scope that each names. A scope that has the same rows as in `previous` has the same array. */
export function scopeRows<Row>(
  rows: ShardedMap<Row>,
  scopeOf: (row: Row) => string,
  previous: ScopedRows<Row> = nothing(),
): ScopedRows<Row> {
  if (rows === previous.rows) return previous
  const gone = new Map<string, Set<Row>>()
  const come = new Map<string, Row[]>()
  for (const id of rows.changedKeys(previous.rows)) {
    const [before, now] = [previous.rows.get(id), rows.get(id)]
    if (before !== undefined) addTo(gone, scopeOf(before), () => new Set<Row>()).add(before)
    if (now !== undefined) addTo(come, scopeOf(now), (): Row[] => []).push(now)
  }
  const draft = previous.byScope.draft()
  for (const scope of new Set([...gone.keys(), ...come.keys()])) {
    const left = (previous.byScope.get(scope) ?? []).filter((row) => gone.get(scope)?.has(row) !== true)
    const grouped = [...left, ...(come.get(scope) ?? [])]
    if (grouped.length === 0) draft.delete(scope)
    else draft.set(scope, grouped)
  }
  return { rows, byScope: draft.finish() }
}

function nothing<Row>(): ScopedRows<Row> {
  return { rows: new ShardedMap(), byScope: new ShardedMap() }
}

function addTo<Group>(groups: Map<string, Group>, scope: string, make: () => Group): Group {
  const found = groups.get(scope) ?? make()
  groups.set(scope, found)
  return found
}
