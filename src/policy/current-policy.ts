import type { Observer } from '../telemetry/observer.ts'
import { reasonOf } from './backoff.ts'
import type { CopiedPolicy } from './copied-policy.ts'
import type { Clock, PolicyDatabase } from './ports.ts'
import { type PolicyFault, rowsOf } from './quarantine.ts'
import { applyChanges, type Keeping, readPolicy } from './read-policy.ts'
import { createSnapshot, faultsOf, type PolicySnapshot } from './snapshot.ts'

type Listener = (snapshot: PolicySnapshot) => void

/** The one reference to the policy in force, and how it moves on. */
export interface CurrentPolicy {
  snapshot(): PolicySnapshot | undefined
  /** Start of the last reading that said this is the newest. */
  confirmedAtMs(): number | undefined
  /** Reads what changed, or everything, and swaps the snapshot. Not to be called again before it has ended. */
  refresh(): Promise<void>
  /** Puts a copy in force until the database can be read. */
  adopt(copied: CopiedPolicy): void
  /** Answers how to unsubscribe. */
  onChange(listener: Listener): () => void
}

export interface CurrentPolicyDeps {
  readonly database: PolicyDatabase
  readonly observer: Observer
  readonly clock: Clock
  /** Grants that ended longer ago are not kept in memory; absent: all are. */
  readonly endedGrantsKeptMs?: number
}

export function createCurrentPolicy(deps: CurrentPolicyDeps): CurrentPolicy {
  const { database, observer, clock, endedGrantsKeptMs } = deps
  const listeners = new Set<Listener>()
  let snapshot: PolicySnapshot | undefined
  let confirmedAtMs: number | undefined

  const keeping = (): Keeping =>
    endedGrantsKeptMs === undefined ? {} : { grantsSinceMs: clock.nowMs() - endedGrantsKeptMs }

  async function next(): Promise<PolicySnapshot> {
    // Of a copy nobody knows what else happened to it: the first reading is a whole one.
    const changes = snapshot && confirmedAtMs && (await database.readChanges(snapshot))
    if (snapshot && changes)
      return changes.version === snapshot.version
        ? snapshot
        : applyChanges(database, snapshot, { ...changes, ...keeping() })
    observer.count('policy_full_reads_total')
    return readPolicy(database, snapshot?.state, keeping())
  }

  function tell(listener: Listener, changed: PolicySnapshot): void {
    try {
      listener(changed)
    } catch (error) {
      observer.warn('policy_listener_failed', { reason: reasonOf(error) })
    }
  }

  return {
    snapshot: () => snapshot,
    confirmedAtMs: () => confirmedAtMs,
    async refresh() {
      const startMs = clock.nowMs()
      const before = snapshot
      const changed = await next()
      snapshot = changed
      confirmedAtMs = startMs
      if (changed === before) return
      tellOfRestore(observer, { before, changed })
      observer.time('policy_apply_seconds', (clock.nowMs() - startMs) / 1_000)
      announce(observer, { before, changed })
      for (const listener of listeners) tell(listener, changed)
    },
    adopt({ state }) {
      snapshot = createSnapshot(state)
      announce(observer, { before: undefined, changed: snapshot })
      for (const listener of listeners) tell(listener, snapshot)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

interface Swap {
  readonly before: PolicySnapshot | undefined
  readonly changed: PolicySnapshot
}

/** Versions only grow in one history: whatever else is seen says that the database is another one than it was. */
function tellOfRestore(observer: Observer, { before, changed }: Swap): void {
  if (before === undefined) return
  const isAnother = changed.history !== before.history
  if (!isAnother && changed.version >= before.version) return
  observer.count('policy_restores_total')
  observer.warn('policy_restored', {
    reason: isAnother
      ? 'The policy has another history: all of it was read anew'
      : 'The version of the policy went back: all of it was read anew. If the database was restored, run tollgate restored',
    from: before.version,
    to: changed.version,
  })
}

/** Metrics, one line for the version and one for each fault that is new. */
function announce(observer: Observer, { before, changed }: Swap): void {
  const known = new Set(before === undefined ? [] : faultsOf(before).map(nameOf))
  const faults = faultsOf(changed)
  observer.set('policy_version', changed.version)
  observer.set('policy_faults', rowsOf(faults))
  for (const fault of faults) if (!known.has(nameOf(fault))) observer.warn('policy_row_quarantined', { ...fault })
  observer.info('policy_in_force', { version: changed.version, tokens: changed.state.tables.token.inForce.size })
}

function nameOf(fault: PolicyFault): string {
  return `${fault.table} ${fault.id} ${fault.reasons.join(' ')}`
}
