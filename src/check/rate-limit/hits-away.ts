import type { DescriptorRule } from '../../core/descriptor-rule.ts'
import { Fault } from '../../core/fault.ts'
import type { HitLine } from '../../core/hit.ts'
import type { Observer } from '../../telemetry/observer.ts'
import type { HitStore } from '../hit-ports.ts'
import { countOn, type HitCall } from './count-on.ts'
import type { CountedLimit } from './counted-limit.ts'
import type { CountedCall } from './descriptor-status.ts'
import type { CallLines } from './hit-lines.ts'
import { countCase } from './hit-metrics.ts'
import { shareOfHits } from './hit-share.ts'

export interface HitsAwayDeps {
  readonly openLocal: () => HitStore
  /** Last known number of processes that share the limits, at least 1. */
  readonly processes: () => number
  /** The store's clock as last known. */
  readonly nowMs: () => number
  readonly observer: Observer
}

/** What goes on while the store does not answer. */
export interface HitsAway {
  /** By the postures of the enforced lines: `deny` refuses its descriptor, `local` counts this process's share, `allow` passes. Never throws. */
  decide(call: HitCall): Promise<CountedCall>
  /** The store answered. */
  answered(): void
}

/** A store that has answered for so long is back: the next outage begins with new shares. Shorter, and a flapping one would renew them. */
const backMs = 10_000
const localPatienceMs = 1_000

export function createHitsAway({ openLocal, processes, nowMs, observer }: HitsAwayDeps): HitsAway {
  let local: HitStore | undefined
  let answeringSinceMs: number | undefined

  async function share(
    shares: HitStore,
    call: HitCall,
    lines: CallLines,
  ): Promise<readonly CountedLimit[] | undefined> {
    try {
      const counted = await countOn(shares, { ...call, ...lines, notAfterMs: nowMs() + localPatienceMs })
      return counted === 'late' ? undefined : counted
    } catch (error) {
      if (error instanceof Fault && error.code === 'store_unavailable') return undefined
      throw error
    }
  }

  return {
    async decide(call) {
      answeringSinceMs = undefined
      const denied = deniedBy(call.lines)
      countCase(observer, 'store_away')
      // All or nothing: what is refused takes no share.
      if (denied.size > 0 && call.counting === 'all_or_nothing') return { limits: [], denied }
      const shared = sharesOf(call, denied, Math.max(1, processes()))
      if (shared.lines.length === 0) return { limits: [], denied }
      local ??= openLocal()
      const shares = local
      const limits = await share(shares, call, shared)
      if (limits !== undefined) return { limits, denied, shares }
      return { limits: [], denied: new Set([...denied, ...shared.lines.map(({ descriptor }) => descriptor)]) }
    },
    answered() {
      if (local === undefined) return
      const now = nowMs()
      answeringSinceMs ??= now
      if (now - answeringSinceMs > backMs) local = undefined
    },
  }
}

/** Descriptors that are refused when nothing can be counted. */
export function deniedBy(lines: readonly HitLine[]): ReadonlySet<number> {
  // What gives back is never refused.
  const denying = lines.filter(({ enforced, posture, hits }) => enforced && posture === 'deny' && hits >= 0)
  return new Set(denying.map(({ descriptor }) => descriptor))
}

function isLocal({ enforced, posture }: HitLine): boolean {
  return enforced && posture === 'local'
}

function sharesOf({ lines, rules }: CallLines, denied: ReadonlySet<number>, processes: number): CallLines {
  const shared: HitLine[] = []
  const sharedRules: DescriptorRule[] = []
  for (const [index, line] of lines.entries()) {
    const rule = rules[index]
    if (rule === undefined || !isLocal(line) || denied.has(line.descriptor)) continue
    shared.push(shareOfHits(line, processes))
    sharedRules.push(rule)
  }
  return { lines: shared, rules: sharedRules }
}
