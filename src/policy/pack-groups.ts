import type { Grant } from '../core/grant.ts'
import { ShardedMap } from './sharded-map.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** Packs by whose they are, as the policy in force has them. */
export interface PackGroups {
  /** Accounts whose packs, or what decides about them, may have changed since this was last asked: at first all that have packs. */
  changed(): Iterable<string>
  /** The policy in force, with the packs of an account. */
  of(account: string): { readonly snapshot: PolicySnapshot; readonly packs: readonly Grant[] } | undefined
}

/** Costs what changed from one policy to the next; a changed limit or project may concern every account that has packs. */
export function createPackGroups(policy: () => PolicySnapshot | undefined): PackGroups {
  const packsOf = new Map<string, readonly Grant[]>()
  let seen: PolicySnapshot | undefined

  function remove(pack: Grant): void {
    const account = pack.grantedTo.id
    const left = (packsOf.get(account) ?? []).filter((other) => other !== pack)
    if (left.length === 0) packsOf.delete(account)
    else packsOf.set(account, left)
  }

  function add(pack: Grant): void {
    const account = pack.grantedTo.id
    packsOf.set(account, [...(packsOf.get(account) ?? []), pack])
  }

  /** Moves the packs on; answers the accounts that had or have other ones. */
  function follow(before: ShardedMap<Grant>, after: ShardedMap<Grant>): Set<string> {
    const accounts = new Set<string>()
    for (const id of after.changedKeys(before)) {
      const [was, is] = [before.get(id), after.get(id)]
      if (was?.spent !== undefined) remove(was)
      if (is?.spent !== undefined) add(is)
      for (const pack of [was, is]) if (pack?.spent !== undefined) accounts.add(pack.grantedTo.id)
    }
    return accounts
  }

  return {
    changed() {
      const [before, after] = [seen?.state.tables, policy()]
      if (after === undefined || after === seen) return []
      seen = after
      const { grant, account, limit_rule: limits, project } = after.state.tables
      const accounts = follow(before?.grant.inForce ?? new ShardedMap(), grant.inForce)
      if (before?.limit_rule !== limits || before.project !== project) return [...packsOf.keys(), ...accounts]
      for (const id of account.inForce.changedKeys(before.account.inForce)) if (packsOf.has(id)) accounts.add(id)
      return accounts
    },
    of: (account) => seen && { snapshot: seen, packs: packsOf.get(account) ?? [] },
  }
}
