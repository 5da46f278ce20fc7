import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ScopedRows, scopeRows } from '../../../src/policy/scoped-rows.ts'
import { ShardedMap } from '../../../src/policy/sharded-map.ts'

interface Row {
  readonly id: string
  readonly scope: string
}

const scopeOf = ({ scope }: Row): string => scope
const row = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), scope: fc.constantFrom('x', 'y', 'z') })
const change = fc.oneof(row, fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e') }))

function sorted(rows: Iterable<Row>): readonly Row[] {
  return [...rows].sort((left, right) => (left.id < right.id ? -1 : 1))
}

test('scopeRows() has after any changes what it would have anew, and the same array where nothing changed', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 }), (history) => {
      let rows = new ShardedMap<Row>()
      let scoped: ScopedRows<Row> | undefined
      for (const changes of history) {
        const draft = rows.draft()
        for (const one of changes) {
          if ('scope' in one) draft.set(one.id, one)
          else draft.delete(one.id)
        }
        const before = scoped
        rows = draft.finish()
        const next = scopeRows(rows, scopeOf, before)
        const anew = Map.groupBy(rows.values(), scopeOf)
        expect(next.byScope.size).toBe(anew.size)
        for (const scope of ['x', 'y', 'z']) {
          const [found, old] = [next.byScope.get(scope) ?? [], before?.byScope.get(scope) ?? []]
          expect(sorted(found)).toEqual(sorted(anew.get(scope) ?? []))
          const isSame = found.length === old.length && found.every((one) => old.includes(one))
          if (isSame) expect(next.byScope.get(scope)).toBe(before?.byScope.get(scope))
        }
        scoped = next
      }
    }),
  )
})
