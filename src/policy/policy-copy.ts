import type { Observer } from '../telemetry/observer.ts'
import { reasonOf } from './backoff.ts'
import { type CopiedPolicy, linesOfPolicy, readCopiedPolicy } from './copied-policy.ts'
import type { CurrentPolicy } from './current-policy.ts'
import type { Clock, SealedLines } from './ports.ts'

export interface CopyOptions {
  readonly lines: SealedLines
  /** How long ago the database may have confirmed a copy that is used. */
  readonly ageMsMax: number
  /** Told once, when the database cannot be read at the start and the copy cannot be used either. */
  readonly onUnusable: (reason: string) => void
}

/** The policy on this machine's disk, for a start without the database. */
export interface PolicyCopy {
  /** Puts the copy in force if nothing is yet; true when it did. Never throws. */
  use(): Promise<boolean>
  stop(): Promise<void>
}

interface PolicyCopyDeps extends CopyOptions {
  readonly policy: CurrentPolicy
  readonly clock: Clock
  readonly observer: Observer
}

/** Between two writings, unless the last one took long: then twenty times that, so that it never takes more than 5 % of the process. */
const everyMs = 3_000
const shareOfTime = 20
/** A policy that does not change is written so often, because its age counts from when it was last confirmed. */
const renewMs = 3_600_000

/** Writes the policy in force to disk, in the background, soon after each change and once when it stops. */
export function createPolicyCopy(deps: PolicyCopyDeps): PolicyCopy {
  const { lines, clock, observer } = deps
  const stopping = new AbortController()
  let kept: CopiedPolicy | undefined

  async function write(): Promise<void> {
    const found = confirmed(deps.policy)
    if (found === undefined || isStillGood(kept, found)) return
    try {
      await lines.write(linesOfPolicy(found))
      kept = found
    } catch (error) {
      observer.count('policy_copy_failures_total')
      observer.warn('policy_copy_not_written', { reason: reasonOf(error) })
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedMs = clock.nowMs()
      await write()
      await clock.sleep(Math.max(everyMs, shareOfTime * (clock.nowMs() - startedMs)), stopping.signal)
    }
    await write()
  }

  const running = run()
  return {
    use: () => adoptCopy(deps),
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function adoptCopy({ policy, lines, ageMsMax, onUnusable, clock, observer }: PolicyCopyDeps): Promise<boolean> {
  if (policy.snapshot() !== undefined) return false
  try {
    const copied = await readCopiedPolicy(lines, { nowMs: clock.nowMs(), ageMsMax })
    if (copied === undefined) {
      onUnusable('There is no copy of the policy on disk')
      return false
    }
    policy.adopt(copied)
    const confirmedAt = new Date(copied.confirmedAtMs).toISOString()
    observer.warn('policy_copied', { version: copied.state.version, confirmed_at: confirmedAt })
    return true
  } catch (error) {
    observer.warn('policy_copy_unusable', { reason: reasonOf(error) })
    onUnusable(reasonOf(error))
    return false
  }
}

/** What the database said; not a copy that was read back. */
function confirmed(policy: CurrentPolicy): CopiedPolicy | undefined {
  const state = policy.snapshot()?.state
  const confirmedAtMs = policy.confirmedAtMs()
  return state === undefined || confirmedAtMs === undefined ? undefined : { state, confirmedAtMs }
}

function isStillGood(kept: CopiedPolicy | undefined, found: CopiedPolicy): boolean {
  return kept?.state === found.state && found.confirmedAtMs - kept.confirmedAtMs < renewMs
}
