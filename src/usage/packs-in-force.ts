import { type Grant, takesPacks } from '../core/grant.ts'
import type { LimitRule, TimeRange, WindowKind } from '../core/limit.ts'
import { figuresKeptMs } from '../core/pack-schedule.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { AccountPacks, PacksInForce } from './pack-ports.ts'

export interface PackChangesOptions {
  /** Accounts whose packs, or what decides about them, may have changed since this was last asked: at first all that have packs. */
  readonly changed: () => Iterable<string>
  /** The policy in force, with the packs of an account. */
  readonly of: (account: string) => { readonly snapshot: Snapshot; readonly packs: readonly Grant[] } | undefined
  /** The window of a kind and zone that holds an instant. */
  readonly windowAt: (ms: number, window: WindowKind, timeZone: string) => TimeRange
  readonly nowMs: () => number
}

/** Of accounts whose packs changed what is to be settled now, so many accounts at a time; the others come when it is asked again. */
export function createPackChanges(options: PackChangesOptions): (accountsMax: number) => readonly AccountPacks[] {
  const { changed, of, nowMs } = options
  const waiting = new Set<string>()
  return (accountsMax) => {
    for (const account of changed()) waiting.add(account)
    const found: AccountPacks[] = []
    for (const account of waiting) {
      if (found.length >= accountsMax) break
      waiting.delete(account)
      const known = of(account)
      found.push({
        account,
        groups: known === undefined ? [] : groupsOf(account, { ...options, ...known, at: nowMs() }),
      })
    }
    return found
  }
}

type Known = Pick<PackChangesOptions, 'windowAt'> & {
  readonly snapshot: Snapshot
  readonly packs: readonly Grant[]
  readonly at: number
}

/** By quota. Without a quota that takes them packs pay for nothing, so there is nothing to settle; nor where the figures are gone. */
function groupsOf(account: string, { snapshot, packs, windowAt, at }: Known): readonly PacksInForce[] {
  const row = snapshot.account(account)
  // By id, so that the key of the same packs is the same.
  const unsettled = packs
    .filter(({ endMs }) => endMs > at - figuresKeptMs)
    .sort((left, right) => (left.id < right.id ? -1 : 1))
  if (row === undefined || unsettled.length === 0) return []
  const limits = new Map(snapshot.limitsOf(row, at).map((limit) => [limit.name, limit]))
  return [...Map.groupBy(unsettled, ({ limitName }) => limitName)].flatMap(([name, group]): readonly PacksInForce[] => {
    const quota = settledQuota(limits.get(name))
    if (quota === undefined) return []
    const { window, counts: quantity, surface, timeZone = row.timeZone } = quota
    const { id, partition } = row
    const runs = group.map((pack) => `${pack.id} ${pack.startMs} ${pack.endMs}`)
    return [
      {
        key: [id, partition, name, surface, quantity, window, timeZone, ...runs].join(),
        subject: { kind: 'account', id, partition },
        counter: { surface, quantity, window, timeZone },
        grants: group.map((pack) => pack.id),
        packs: group.map(({ startMs, endMs }) => ({ startMs, endMs })),
        windowAt: (ms) => windowAt(ms, window, timeZone),
      },
    ]
  })
}

function settledQuota(limit: LimitRule | undefined) {
  if (limit === undefined || !takesPacks(limit)) return undefined
  const { window, counts, surface, timeZone } = limit
  if (window === undefined || counts === 'in_flight' || surface === 'api') return undefined
  return { window, counts, surface, ...(timeZone !== undefined && { timeZone }) }
}
