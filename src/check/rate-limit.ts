import type { DescriptorScene } from '../core/descriptor-words.ts'
import { Fault } from '../core/fault.ts'
import type { Digest } from '../core/hit-counter.ts'
import type { DescriptorDomain } from '../core/match-descriptor.ts'
import type { PeriodMemo } from '../core/period-window.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { HitStore } from './hit-ports.ts'
import { type CountHits, createCountHits } from './rate-limit/count-hits.ts'
import type { HitCall } from './rate-limit/count-on.ts'
import { type CountedCall, nothingCounted, refusedBy } from './rate-limit/descriptor-status.ts'
import { type CallLines, hitLinesOf } from './rate-limit/hit-lines.ts'
import { countCase, createHitMetrics, type HitMetrics } from './rate-limit/hit-metrics.ts'
import { giveBackRefused } from './rate-limit/late-hits.ts'
import { type NamedCall, nameCall } from './rate-limit/principal/named-call.ts'
import { askOwn, type OwnAsked, type OwnPart, type Principals, showOwn } from './rate-limit/principal/own-call.ts'
import { besideRefused, settleOwn } from './rate-limit/principal/own-parts.ts'
import { type DecidedCall, rateLimitAnswer, unknownDomain } from './rate-limit/rate-limit-answer.ts'
import { checkBounds } from './rate-limit/rate-limit-bounds.ts'
import type { RateLimit, RateLimitAnswer, RateLimitBounds } from './rate-limit/rate-limit-words.ts'
import { selectLimits } from './rate-limit/select-limits.ts'
import { tellCall } from './rate-limit/tell-call.ts'

export interface RateLimitDeps {
  readonly policy: { readonly current: () => Snapshot | undefined }
  readonly hits: HitStore
  /** A store of this process alone, for posture `local`. */
  readonly openLocal: () => HitStore
  /** Last known number of processes that share the limits, at least 1. */
  readonly processes: () => number
  readonly principals: Principals
  readonly observer: Observer
  /** This machine's clock; `hits.nowMs()` is the store's. */
  readonly nowMs: () => number
  readonly memo: PeriodMemo
  readonly digest: Digest
  readonly answers: Omit<DescriptorScene, 'nowMs'>
  /** The percentage of a limit from which on hits are told as near it. */
  readonly nearPercent: number
}

/** How much of the time left the store may use: the rest is for what is decided when it has not answered. */
const storeShare = 0.8
const noParts: readonly OwnPart[] = []

interface Deciding extends RateLimitDeps {
  readonly metrics: HitMetrics
  readonly count: CountHits
}

interface Asked {
  readonly call: NamedCall
  readonly snapshot: Snapshot
  readonly bounds: RateLimitBounds
  /** The store's clock, now and at the latest. */
  readonly nowMs: number
  readonly notAfterMs: number
}

/**
 * Answers ShouldRateLimit: descriptors → limits → one call of the store → statuses. A domain without a row has no limits. What the store does
 * not answer in time is decided by postures.
 * @throws Fault `bad_request` for a call that is too large to be counted, `policy_unavailable` before there is a policy.
 */
export function createRateLimit(deps: RateLimitDeps): RateLimit {
  const deciding = { ...deps, metrics: createHitMetrics(deps), count: createCountHits(deps) }
  return async (request, bounds) => {
    checkBounds(request)
    const snapshot = deps.policy.current()
    if (snapshot === undefined) throw new Fault('policy_unavailable', 'There is no policy yet', { transient: true })
    const domain = snapshot.descriptorDomain(request.domain)
    const call = nameCall(request, domain?.rule, deps.principals.readDescriptor)
    const nowMs = deps.hits.nowMs()
    const notAfterMs = Math.floor(nowMs + (bounds.deadlineMs - deps.nowMs()) * storeShare)
    const asked = { call, snapshot, bounds, nowMs, notAfterMs }
    return domain === undefined ? pass(asked, deciding) : decide(domain, asked, deciding)
  }
}

async function pass(asked: Asked, deciding: Deciding): Promise<RateLimitAnswer> {
  countCase(deciding.observer, 'unknown_domain')
  const own = await askOwn({ ...asked, selected: [], domain: undefined }, deciding)
  return unknownDomain(asked.call.request.descriptors.length, own)
}

async function decide(domain: DescriptorDomain, asked: Asked, deciding: Deciding): Promise<RateLimitAnswer> {
  const { call, nowMs } = asked
  const { request, named } = call
  const { memo, digest, observer, answers } = deciding
  const selected = selectLimits({ domain, descriptors: request.descriptors, observer })
  const matched = hitLinesOf(selected, { domain: domain.rule, request, nowMs, memo, digest })
  const countLines = (lines: CallLines): Promise<CountedCall> | CountedCall =>
    lines.lines.length === 0 ? nothingCounted : deciding.count({ ...lines, ...howOf(domain, asked), memo })
  const { own, counted } =
    named.length === 0
      ? { own: noParts, counted: await countLines(matched) }
      : await countNamed({ ...asked, selected, domain }, { matched, countLines, deciding })
  const decided = { descriptorCount: request.descriptors.length, selected, counted, own }
  tellCall(decided, { domain: domain.rule, request, slotId: call.slotId }, deciding.metrics)
  const answer = rateLimitAnswer(decided, domain, () => ({ ...answers, nowMs: deciding.nowMs() }))
  settle(decided, answer, { domain, asked, deciding })
  return answer
}

interface Settling {
  readonly domain: DescriptorDomain
  readonly asked: Asked
  readonly deciding: Deciding
}

/** By what the caller was told, which is another answer where it came before the decision: takes nothing of whom it refused, and else keeps it. */
function settle({ own, counted, descriptorCount }: DecidedCall, answer: RateLimitAnswer, settling: Settling): void {
  const { domain, asked, deciding } = settling
  const { told } = asked.bounds
  if (own.length === 0 && told === undefined && counted.unheard === undefined) return
  const refused = refusedBy(told ?? answer, descriptorCount)
  settleOwn(own, refused, domain.rule)
  counted.unheard?.decided(refused)
  // What the decision itself refused it has not taken.
  if (told === undefined) return
  const limits = counted.limits.map(({ line, state }) => ({ line, isTaken: state.taken }))
  giveBackRefused(limits, refused, { ...howOf(domain, asked), hits: counted.shares ?? deciding.hits })
}

interface CountNamed {
  readonly matched: CallLines
  readonly countLines: (lines: CallLines) => Promise<CountedCall> | CountedCall
  readonly deciding: Deciding
}

/** Own limits that are taken go before the rules of the call; those that are only shown are looked at meanwhile. */
async function countNamed(
  asked: OwnAsked & { readonly domain: DescriptorDomain },
  { matched, countLines, deciding }: CountNamed,
): Promise<{ readonly own: readonly OwnPart[]; readonly counted: CountedCall }> {
  const take = async () => {
    const own = await askOwn(asked, deciding)
    return { own, counted: await countLines(besideRefused(matched, own, asked.domain.rule)) }
  }
  const [{ own, counted }, shown] = await Promise.all([take(), showOwn(asked, deciding)])
  return { own: [...own, ...shown], counted }
}

function howOf(
  { rule }: DescriptorDomain,
  { call, notAfterMs }: Asked,
): Pick<HitCall, 'counting' | 'notAfterMs' | 'slotId'> {
  const { counting } = rule
  return call.slotId === undefined ? { counting, notAfterMs } : { counting, notAfterMs, slotId: call.slotId }
}
