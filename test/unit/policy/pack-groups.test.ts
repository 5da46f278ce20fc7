import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Grant } from '../../../src/core/grant.ts'
import { createPackGroups } from '../../../src/policy/pack-groups.ts'
import { emptyPolicy } from '../../../src/policy/policy-state.ts'
import type { ShardedMap } from '../../../src/policy/sharded-map.ts'
import { createSnapshot, type PolicySnapshot } from '../../../src/policy/snapshot.ts'

const accounts = ['alice', 'bob', 'carol']
const amount = { whole: 1, milli: 1_000 }
const grant = fc.record({
  ...{
    id: fc.constantFrom('x', 'y', 'z'),
    account: fc.constantFrom(...accounts),
    endMs: fc.integer({ min: 1, max: 3 }),
  },
  isPack: fc.boolean(),
})
const change = fc.oneof(grant, fc.record({ gone: fc.constantFrom('x', 'y', 'z') }))

function after(before: PolicySnapshot, grants: ShardedMap<Grant>): PolicySnapshot {
  const { tables } = before.state
  return createSnapshot({ ...before.state, tables: { ...tables, grant: { ...tables.grant, inForce: grants } } })
}

const sorted = (packs: Iterable<Grant>): readonly Grant[] =>
  [...packs].sort((left, right) => (left.id < right.id ? -1 : 1))

test('packs are those of the policy in force after any changes, and whose packs changed is told once', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 8 }), (history) => {
      let policy = createSnapshot(emptyPolicy)
      const groups = createPackGroups(() => policy)
      const packsOf = (account: string): readonly Grant[] =>
        sorted(
          [...policy.state.tables.grant.inForce.values()].filter(
            ({ grantedTo, spent }) => spent !== undefined && grantedTo.id === account,
          ),
        )
      groups.changed()
      for (const changes of history) {
        const before = new Map(accounts.map((account) => [account, packsOf(account)]))
        const draft = policy.state.tables.grant.inForce.draft()
        for (const one of changes) {
          if ('gone' in one) draft.delete(one.gone)
          else {
            const { id, account, endMs, isPack } = one
            const grantedTo = { kind: 'account', id: account } as const
            draft.set(id, {
              id,
              limitName: 'l',
              grantedTo,
              amount,
              startMs: 0,
              endMs,
              ...(isPack && { spent: amount }),
            })
          }
        }
        policy = after(policy, draft.finish())
        const changed = [...groups.changed()]
        expect([...groups.changed()]).toEqual([])
        for (const account of accounts) {
          const packs = sorted(groups.of(account)?.packs ?? [])
          expect(packs).toEqual(packsOf(account))
          const old = before.get(account) ?? []
          const isSame = packs.length === old.length && packs.every((pack, nth) => pack === old[nth])
          if (!isSame) expect(changed).toContain(account)
        }
      }
    }),
  )
})
