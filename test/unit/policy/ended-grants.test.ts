import { expect, test } from 'vitest'
import type { PolicyDatabase, RawRow } from '../../../src/policy/ports.ts'
import { applyChanges, readPolicy } from '../../../src/policy/read-policy.ts'
import type { PolicySnapshot } from '../../../src/policy/snapshot.ts'

const grantsSinceMs = 1_000

const grant = (id: string, endMs: number, over: RawRow = {}): RawRow => ({
  ...{ id, kind: 'raise', limit_name: 'daily', account: 'alice', project: null, department: null, amount: '5' },
  ...{ spent: '0', starts_at_ms: 1, ends_at_ms: endMs, ...over },
})

function databaseOf(rows: readonly RawRow[]): PolicyDatabase {
  const never = (): never => {
    throw new Error('not asked for')
  }
  return {
    async readAll(take) {
      take({ table: 'grant', rows })
      return { history: 'h', version: 1, emptied: [] }
    },
    readFormer: async () => [],
    ...{ listen: never, readChanges: never, readLost: never, close: async () => undefined },
  }
}

const idsOf = ({ state }: PolicySnapshot): readonly string[] =>
  [...state.tables.grant.inForce.entries()].map(([id]) => id).sort()

test('grants that ended before are not read, and those without a readable end are told of', async () => {
  const rows = [grant('old', 999), grant('new', 1_000), grant('broken', 0, { ends_at_ms: null })]
  const snapshot = await readPolicy(databaseOf(rows), undefined, { grantsSinceMs })
  expect(idsOf(snapshot)).toEqual(['new'])
  expect([...snapshot.state.tables.grant.faults.keys()]).toEqual(['broken'])
  expect(idsOf(await readPolicy(databaseOf(rows)))).toEqual(['new', 'old'])
})

test('a grant that is changed to have ended before is no longer kept, and comes back when it is prolonged', async () => {
  const database = databaseOf([])
  const change = (snapshot: PolicySnapshot, row: RawRow): Promise<PolicySnapshot> => {
    const touched = [{ table: 'grant', ids: ['g'], rows: [row] }] as const
    const version = snapshot.version + 1
    return applyChanges(database, snapshot, { history: 'h', version, emptied: [], touched, grantsSinceMs })
  }
  const ended = await change(await readPolicy(databaseOf([grant('g', 5_000)])), grant('g', 900))
  expect(idsOf(ended)).toEqual([])
  expect(idsOf(await change(ended, grant('g', 6_000)))).toEqual(['g'])
})

test('what has ended meanwhile goes, little by little, with changes of whatever table', async () => {
  const rows = Array.from({ length: 500 }, (_, nth) => grant(`g${nth}`, nth < 400 ? 5_000 : 9_000))
  const database = databaseOf(rows)
  let snapshot = await readPolicy(database, undefined, { grantsSinceMs })
  const untouched = snapshot.state.tables.grant
  for (let version = 2; version <= 1_025; version += 1) {
    const changes = { history: 'h', version, emptied: [], touched: [] }
    snapshot = await applyChanges(database, snapshot, { ...changes, grantsSinceMs: version < 100 ? 5_000 : 6_000 })
    if (version === 99) expect(snapshot.state.tables.grant).toBe(untouched)
  }
  for (let version = 1_026; version <= 1_124; version += 1) {
    const changes = { history: 'h', version, emptied: [], touched: [] }
    snapshot = await applyChanges(database, snapshot, { ...changes, grantsSinceMs: 6_000 })
  }
  expect(idsOf(snapshot)).toEqual(
    rows
      .slice(400)
      .map(({ id }) => String(id))
      .sort(),
  )
})
