import type { Line } from '../core/limit.ts'
import type { RequestFacts } from '../core/request.ts'
import type { Refusal } from '../core/verdict.ts'
import { denies } from './admit.ts'
import { type Assessment, assess, type Governed } from './assess.ts'
import { linesOf, type WindowsAt } from './lines.ts'
import type { Look } from './look.ts'
import type { Downloads, HeatSource, PolicySource, SizeCatalogue } from './ports.ts'
import { type Standing, standingsOf } from './standing.ts'

/** Why a request would be answered as it would be; nothing is taken to find out. */
export interface Explanation {
  readonly assessment: Assessment
  readonly verdict: 'allow' | 'throttle' | 'deny' | 'answer'
  /** A cause, `landing`, `status`, `preflight`, `fits`, or `unbooked`: the store is away and no enforced limit minds. */
  readonly reason: string
  /** Name of the limit that would refuse. */
  readonly refusedBy?: string
  readonly limits: readonly Standing[]
}

export interface ExplainDeps {
  readonly policy: PolicySource
  /** The store's clock, or one near it. */
  readonly nowMs: () => number
  readonly sizes: SizeCatalogue
  readonly heats: HeatSource
  readonly downloads: Downloads
  readonly look: Look
  readonly windowsAt: WindowsAt
}

const lookMsMax = 5_000

/** The same road as a Check up to the spend, which is only looked at. Undefined when there is no policy yet. */
export function createExplain(deps: ExplainDeps): (facts: RequestFacts) => Promise<Explanation | undefined> {
  return async (facts) => {
    const snapshot = deps.policy.current()
    if (snapshot === undefined) return undefined
    const nowMs = deps.nowMs()
    const isPolicyFresh = deps.policy.isFresh()
    const { sizes, heats, downloads } = deps
    const assessment = assess(facts, { snapshot, sizes, heats, downloads, nowMs, isPolicyFresh })
    if (assessment.kind === 'refused')
      return { assessment, verdict: 'deny', reason: assessment.refusal.cause, limits: [] }
    if (assessment.kind !== 'governed') return { assessment, ...ungoverned(assessment.kind), limits: [] }
    return explainLimits(assessment, facts, deps)
  }
}

function ungoverned(kind: 'landing' | 'status' | 'preflight'): Pick<Explanation, 'verdict' | 'reason'> {
  return { verdict: kind === 'preflight' ? 'allow' : 'answer', reason: kind }
}

async function explainLimits(governed: Governed, facts: RequestFacts, deps: ExplainDeps): Promise<Explanation> {
  const { principal, upstream, resource, estimate } = governed
  const { surface } = upstream
  const isSizeAssumed = !governed.isSizeKnown
  const lineFacts = { principal, address: facts.address, surface, kind: resource.kind, estimate, isSizeAssumed }
  const linesAt = (nowMs: number): readonly Line[] =>
    linesOf(governed.limits, { ...lineFacts, nowMs, windowsAt: deps.windowsAt })
  const seen = await deps.look(linesAt, { notAfterMs: deps.nowMs() + lookMsMax })
  if (seen === undefined) return { assessment: governed, ...withoutStore(linesAt(deps.nowMs())), limits: [] }
  const limits = standingsOf(governed.limits, seen)
  return { assessment: governed, ...verdictOf(limits), limits }
}

function withoutStore(lines: readonly Line[]): Pick<Explanation, 'verdict' | 'reason'> {
  return lines.some(denies) ? { verdict: 'deny', reason: 'unavailable' } : { verdict: 'allow', reason: 'unbooked' }
}

/** The enforced limit that waits longest refuses, as in a spend. */
function verdictOf(limits: readonly Standing[]): Pick<Explanation, 'verdict' | 'reason' | 'refusedBy'> {
  const waitOf = ({ retryAfterMs = 0 }: Standing): number => (retryAfterMs === 'never' ? Infinity : retryAfterMs)
  const refusing = limits.filter(({ enforced, fits }) => enforced && fits === false)
  const longest = refusing.toSorted((left, right) => waitOf(right) - waitOf(left))[0]
  if (longest === undefined) return { verdict: 'allow', reason: 'fits' }
  const cause: Refusal['cause'] =
    longest.retryAfterMs === 'never' ? 'too_large' : longest.kind === 'quota' ? 'quota' : 'rate'
  return { verdict: cause === 'rate' ? 'throttle' : 'deny', reason: cause, refusedBy: longest.name }
}
