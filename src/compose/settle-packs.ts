import type { Pool } from 'pg'
import type { WindowsAt } from '../check/lines.ts'
import { type Grant, takesPacks } from '../core/grant.ts'
import { figuresKeptMs } from '../core/pack-schedule.ts'
import type { PolicySnapshot } from '../policy/snapshot.ts'
import { createPostgresPackBooks } from '../postgres/pack-books.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Drainer } from '../usage/drainer.ts'
import { createPackSettling, type PacksInForce, packSettlingDefaults } from '../usage/pack-settling.ts'
import { createWindows } from './check-room.ts'

/** Starts the settling of packs where the ledger runs. */
export function startPackSettling(
  started: AsyncDisposableStack,
  given: {
    readonly pool: Pool
    readonly observer: Observer
    readonly drain: Drainer
    readonly nowMs: () => number
    readonly policy: () => PolicySnapshot | undefined
  },
): void {
  const { pool, policy, nowMs } = given
  const windows = createWindows()
  let known: { readonly snapshot: PolicySnapshot | undefined; readonly packs: readonly PacksInForce[] } | undefined
  const settling = createPackSettling({
    ...packSettlingDefaults,
    ...given,
    books: createPostgresPackBooks(pool),
    packs() {
      const snapshot = policy()
      if (known === undefined || known.snapshot !== snapshot) {
        known = { snapshot, packs: snapshot === undefined ? [] : packsOf(snapshot, { nowMs: nowMs(), windows }) }
      }
      return known.packs
    },
  })
  settling.start()
  started.defer(() => settling.stop())
}

/** Packs by account and quota. Without a quota that takes them they pay for nothing, so there is nothing to settle. */
function packsOf(
  snapshot: PolicySnapshot,
  at: { readonly nowMs: number; readonly windows: WindowsAt },
): readonly PacksInForce[] {
  const grants = [...snapshot.state.tables.grant.inForce.values()]
  const packs = grants.filter(({ spent, endMs }) => spent !== undefined && endMs > at.nowMs - figuresKeptMs)
  const groups = Map.groupBy(packs, ({ grantedTo, limitName }) => `${grantedTo.id} ${limitName}`)
  return [...groups.values()].flatMap((group) => packsInForce(snapshot, group, at) ?? [])
}

function packsInForce(
  snapshot: PolicySnapshot,
  packs: readonly Grant[],
  { nowMs, windows }: { readonly nowMs: number; readonly windows: WindowsAt },
): PacksInForce | undefined {
  const account = snapshot.account(packs[0]?.grantedTo.id ?? '')
  if (account === undefined) return undefined
  const limit = snapshot.limitsOf(account, nowMs).find(({ name }) => name === packs[0]?.limitName)
  if (
    limit === undefined ||
    !takesPacks(limit) ||
    limit.window === undefined ||
    limit.counts === 'in_flight' ||
    limit.surface === 'api'
  )
    return undefined
  const { window, counts: quantity, surface, timeZone = account.timeZone } = limit
  const { id, partition } = account
  const runs = packs.map((pack) => `${pack.id} ${pack.startMs} ${pack.endMs}`)
  return {
    key: [id, partition, limit.name, surface, quantity, window, timeZone, ...runs].join(),
    subject: { kind: 'account', id, partition },
    counter: { surface, quantity, window, timeZone },
    grants: packs.map((pack) => pack.id),
    packs: packs.map(({ startMs, endMs }) => ({ startMs, endMs })),
    windowAt: (ms) => windows(ms, window, timeZone).current,
  }
}
