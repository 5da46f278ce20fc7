import type { DescriptorDomain } from '../../core/match-descriptor.ts'
import type { RateLimitDeps } from '../rate-limit.ts'
import { hitLinesOf } from './hit-lines.ts'
import { deniedBy } from './hits-away.ts'
import { type NamedDescriptor, nameCall } from './principal/named-call.ts'
import type { OwnPart } from './principal/own-call.ts'
import { invalidPart } from './principal/own-parts.ts'
import { rateLimitAnswer, unknownDomain } from './rate-limit-answer.ts'
import type { RateLimitAnswer, RateLimitRequest } from './rate-limit-words.ts'
import { selectLimits } from './select-limits.ts'

type LateAnswerDeps = Pick<
  RateLimitDeps,
  'policy' | 'hits' | 'principals' | 'observer' | 'nowMs' | 'memo' | 'digest' | 'answers'
>

/** What a call is told whose decision is late or failed. Undefined before there is a policy. */
export type LateAnswer = (request: RateLimitRequest) => RateLimitAnswer | undefined

/**
 * Answers from memory, taking nothing: by the postures of the limits that match, as where the counters cannot be asked, but `local` passes.
 * Those whom descriptors name on the caller's word are answered by their domain's; a `rid` that is not valid is refused as ever.
 */
export function createLateAnswer(deps: LateAnswerDeps): LateAnswer {
  return (request) => {
    const snapshot = deps.policy.current()
    if (snapshot === undefined) return undefined
    const domain = snapshot.descriptorDomain(request.domain)
    if (domain === undefined) return unknownDomain(request.descriptors.length, [])
    return answer(domain, found(domain, request, deps), deps)
  }
}

interface Found {
  readonly request: RateLimitRequest
  readonly selected: Parameters<typeof hitLinesOf>[0]
  readonly denied: ReadonlySet<number>
  readonly own: readonly OwnPart[]
}

/** A failure here has made the decision fail too, which was told; one in putting the answer into words must not let a denied call pass. */
function found(domain: DescriptorDomain, request: RateLimitRequest, deps: LateAnswerDeps): Found {
  try {
    return byLimits(domain, request, deps)
  } catch {
    return byDomain(domain, request)
  }
}

function byLimits(domain: DescriptorDomain, asked: RateLimitRequest, deps: LateAnswerDeps): Found {
  const { principals, observer, hits, memo, digest } = deps
  const { request, named } = nameCall(asked, domain.rule, principals.readDescriptor)
  const selected = selectLimits({ domain, descriptors: request.descriptors, observer })
  const { lines } = hitLinesOf(selected, { domain: domain.rule, request, nowMs: hits.nowMs(), memo, digest })
  const denied = new Set(deniedBy(lines))
  if (denies(domain)) for (const one of named) if (isCharged(one)) denied.add(one.descriptor)
  const own = named.filter(({ read }) => read.claim.kind === 'invalid').map((one) => invalidPart(one, domain.rule))
  return { request, selected, denied, own }
}

function byDomain(domain: DescriptorDomain, request: RateLimitRequest): Found {
  return { request, selected: [], denied: new Set(denies(domain) ? request.descriptors.keys() : []), own: [] }
}

function answer(
  domain: DescriptorDomain,
  { request, selected, denied, own }: Found,
  { answers, nowMs }: LateAnswerDeps,
): RateLimitAnswer {
  const counted = { limits: [], denied }
  const decided = { descriptorCount: request.descriptors.length, selected, counted, own }
  return rateLimitAnswer(decided, domain, () => ({ ...answers, nowMs: nowMs() }))
}

function denies({ rule }: DescriptorDomain): boolean {
  return rule.posture === 'deny' && !rule.shadow && !rule.quotaMode
}

/** A reservation was charged by Check; its limits are only shown. */
function isCharged({ read }: NamedDescriptor): boolean {
  return !read.isStreamDone && read.claim.kind === 'account'
}
