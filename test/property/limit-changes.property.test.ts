import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Grant } from '../../src/core/grant.ts'
import { scopeName } from '../../src/core/resolve-limits.ts'
import { createLimitChanges } from '../../src/policy/limit-changes.ts'
import { emptyPolicy } from '../../src/policy/policy-state.ts'
import type { ShardedMap } from '../../src/policy/sharded-map.ts'
import { createSnapshot, type PolicySnapshot } from '../../src/policy/snapshot.ts'

interface Org {
  readonly grants: ReadonlyMap<string, Grant>
  /** Project of each account. */
  readonly accounts: ReadonlyMap<string, string>
}

const ids = ['a', 'b', 'c', 'd']
const projects = ['p', 'q']
const grantedTo = fc.oneof(
  fc.record({ kind: fc.constant('account' as const), id: fc.constantFrom(...ids) }),
  fc.record({ kind: fc.constant('project' as const), id: fc.constantFrom(...projects) }),
)
const step = fc.oneof(
  fc.record({
    ...{ does: fc.constant('grant' as const), id: fc.constantFrom('x', 'y', 'z'), grantedTo },
    ...{ startMs: fc.integer({ min: 0, max: 20 }), lastsMs: fc.integer({ min: 1, max: 20 }) },
  }),
  fc.record({ does: fc.constant('end' as const), id: fc.constantFrom('x', 'y', 'z') }),
  fc.record({ does: fc.constant('move' as const), id: fc.constantFrom(...ids), to: fc.constantFrom(...projects, '') }),
  // Clocks go back at times.
  fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: -3, max: 9 }) }),
)

function changed(
  org: Org,
  one: Exclude<typeof step extends fc.Arbitrary<infer Step> ? Step : never, { does: 'wait' }>,
) {
  const [grants, accounts] = [new Map(org.grants), new Map(org.accounts)]
  if (one.does === 'end') grants.delete(one.id)
  else if (one.does === 'move') {
    if (one.to === '') accounts.delete(one.id)
    else accounts.set(one.id, one.to)
  } else {
    const { id, startMs, lastsMs } = one
    const amount = { whole: 1, milli: 1_000 }
    grants.set(id, { id, limitName: 'l', amount, grantedTo: one.grantedTo, startMs, endMs: startMs + lastsMs })
  }
  return { grants, accounts }
}

/** The next snapshot, in which rows that did not change are the same objects. */
function snapshotOf({ grants, accounts }: Org, before?: PolicySnapshot): PolicySnapshot {
  const old = before?.state.tables ?? emptyPolicy.tables
  const kept = <Row>(rows: ReadonlyMap<string, Row>, from: ShardedMap<Row>): ShardedMap<Row> => {
    const draft = from.draft()
    for (const [id] of from.entries()) if (!rows.has(id)) draft.delete(id)
    for (const [id, row] of rows) if (JSON.stringify(from.get(id)) !== JSON.stringify(row)) draft.set(id, row)
    return draft.finish()
  }
  const people = [...accounts].map(([id, project]) => {
    const fixed = {
      partition: 1,
      kind: 'person',
      role: 'member',
      plan: 'free',
      timeZone: 'UTC',
      disabled: false,
    } as const
    return [id, { id, project, ...fixed }] as const
  })
  const places = projects.map((id) => [id, { id, partition: 1, department: 'd' }] as const)
  const tables = {
    ...old,
    grant: { ...old.grant, inForce: kept(grants, old.grant.inForce) },
    account: { ...old.account, inForce: kept(new Map(people), old.account.inForce) },
    project: { ...old.project, inForce: kept(new Map(places), old.project.inForce) },
  }
  return createSnapshot({ history: 'h', version: 1, tables })
}

/** Whose limits differ, by looking at everybody: what is granted to an account and its project at an instant. */
function raisesOf({ grants, accounts }: Org, account: string, nowMs: number): string {
  const scopes = [`account:${account}`, `project:${accounts.get(account)}`]
  const running = [...grants.values()].filter(
    (grant) => scopes.includes(scopeName(grant.grantedTo)) && grant.startMs <= nowMs && nowMs < grant.endMs,
  )
  return JSON.stringify(running.sort((left, right) => (left.id < right.id ? -1 : 1)))
}

test('whoever has other limits than before is concerned, by a change or by an edge, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const changes = createLimitChanges()
      let org: Org = { grants: new Map(), accounts: new Map() }
      let snapshot = snapshotOf(org)
      let nowMs = 0
      changes.concernedBy(undefined, snapshot)
      for (const one of steps) {
        const [before, beforeMs] = [org, nowMs]
        const next = one.does === 'wait' ? org : changed(org, one)
        if (one.does === 'wait') nowMs += one.ms
        const after = one.does === 'wait' ? snapshot : snapshotOf(next, snapshot)
        const byChange = one.does === 'wait' ? [] : changes.concernedBy(snapshot, after)
        const { concerned, nextMs } = changes.grantEdges(after, { sinceMs: beforeMs, untilMs: nowMs })
        ;[org, snapshot] = [next, after]
        const named = [byChange, concerned].flatMap((some) => (some === 'everybody' ? ids : some.map(({ id }) => id)))
        // What a clock that went back takes with it comes again.
        const differing = [...org.accounts.keys()].filter(
          (id) => nowMs >= beforeMs && raisesOf(before, id, beforeMs) !== raisesOf(org, id, nowMs),
        )
        expect(differing.filter((id) => !named.includes(id))).toEqual([])
        const edges = [...org.grants.values()].flatMap(({ startMs, endMs }) => [startMs, endMs])
        const coming = edges.filter((atMs) => atMs > Math.max(beforeMs, nowMs))
        if (nowMs >= beforeMs) expect(nextMs).toBe(coming.length === 0 ? undefined : Math.min(...coming))
      }
    }),
  )
})
