import { reasonOf, waitMs } from './backoff.ts'
import { createBell } from './bell.ts'
import { type CurrentPolicyDeps, createCurrentPolicy } from './current-policy.ts'
import { keepListening } from './listen-loop.ts'
import { type CopyOptions, createPolicyCopy } from './policy-copy.ts'
import type { PolicyFault } from './quarantine.ts'
import type { PolicySnapshot } from './snapshot.ts'
import { faultsOf } from './snapshot.ts'

/** A lost NOTIFY is found by the next poll: below a second with the reading. */
const pollMs = 500
const probeMs = 5_000
const failuresPerMessage = 10

export interface PolicyStatus {
  /** Undefined until the first policy is read. */
  readonly version: number | undefined
  /** Milliseconds since the database last said that this version is the newest. Undefined: it never did, the version is a copy's. */
  readonly ageMs: number | undefined
  readonly listening: boolean
}

export interface KeeperDeps extends CurrentPolicyDeps {
  /** Where the policy is kept for a start without the database; absent: nowhere. */
  readonly copy?: CopyOptions
}

/** Keeps the policy in force fresh; a `PolicySource` of check. */
export interface PolicyKeeper {
  /** Memory only; undefined until the first policy is read. */
  current(): PolicySnapshot | undefined
  /** Resolves with the first policy, read or copied. Without a copy it waits as long as the database is away. */
  readonly ready: Promise<void>
  status(): PolicyStatus
  /** What stands in the database and is not in force as it stands there. */
  check(): readonly PolicyFault[]
  /** Called after each swap, in order; answers how to unsubscribe. */
  onChange(listener: (snapshot: PolicySnapshot) => void): () => void
  /** Ends the loops and closes the database. */
  stop(): Promise<void>
}

/**
 * Listens first, then reads everything, then only changes: at each ring, and every 500 ms in case a ring was lost. While the database is
 * away the last snapshot stays in force, at a start the copy that was kept on disk. Never throws; what goes wrong is told to the observer.
 */
export function createPolicyKeeper({ copy, ...deps }: KeeperDeps): PolicyKeeper {
  const { database, observer, clock } = deps
  const bell = createBell(clock)
  const policy = createCurrentPolicy(deps)
  const ready = Promise.withResolvers<void>()
  const listening = keepListening({ database, observer, clock, bell, probeMs })
  const copying = copy && createPolicyCopy({ ...copy, policy, clock, observer })
  let stopped = false

  async function run(): Promise<void> {
    await listening.firstTry
    let failures = 0
    while (!stopped) {
      failures = (await refreshed(failures)) ? 0 : failures + 1
      if (failures === 1 && (await copying?.use())) ready.resolve()
      if (!stopped) await bell.wait(failures === 0 ? pollMs : waitMs(failures))
    }
  }

  async function refreshed(failures: number): Promise<boolean> {
    try {
      await policy.refresh()
      ready.resolve()
      return true
    } catch (error) {
      observer.count('policy_read_failures_total')
      const event = policy.snapshot() === undefined ? 'policy_waiting' : 'policy_stale'
      const isWorthSaying = failures % failuresPerMessage === 0
      if (isWorthSaying && !stopped) observer.warn(event, { attempt: failures + 1, reason: reasonOf(error) })
      return false
    }
  }

  const running = run()
  return {
    current: policy.snapshot,
    ready: ready.promise,
    status() {
      const confirmedAtMs = policy.confirmedAtMs()
      const ageMs = confirmedAtMs === undefined ? undefined : clock.nowMs() - confirmedAtMs
      return { version: policy.snapshot()?.version, ageMs, listening: listening.isListening() }
    },
    check() {
      const snapshot = policy.snapshot()
      return snapshot === undefined ? [] : faultsOf(snapshot)
    },
    onChange: policy.onChange,
    async stop() {
      stopped = true
      bell.ring()
      // First, so that a reading in progress ends now and not when its patience does.
      await Promise.all([database.close(), listening.stop()])
      await running
      await copying?.stop()
      await database.close()
    },
  }
}
