import type { DescriptorScene } from '../core/descriptor-words.ts'
import { Fault } from '../core/fault.ts'
import type { Digest } from '../core/hit-counter.ts'
import type { DescriptorDomain } from '../core/match-descriptor.ts'
import { createPeriodMemo, type PeriodMemo } from '../core/period-window.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Observer } from '../telemetry/observer.ts'
import { type CountHits, createCountHits } from './count-hits.ts'
import { type CountedCall, statusesOf } from './descriptor-status.ts'
import { hitHeaders } from './hit-headers.ts'
import { hitLinesOf } from './hit-lines.ts'
import { hitMetadata } from './hit-metadata.ts'
import { countCase, createHitMetrics, type HitMetrics } from './hit-metrics.ts'
import type { HitStore } from './hit-ports.ts'
import { hitRefusal } from './hit-refusal.ts'
import { checkBounds } from './rate-limit-bounds.ts'
import type { RateLimit, RateLimitAnswer, RateLimitRequest } from './rate-limit-words.ts'
import { isOverride, type SelectedLimit, selectLimits } from './select-limits.ts'

export interface RateLimitDeps {
  readonly policy: { readonly current: () => Snapshot | undefined }
  readonly hits: HitStore
  /** A store of this process alone, for posture `local`. */
  readonly openLocal: () => HitStore
  /** Last known number of processes that share the limits, at least 1. */
  readonly processes: () => number
  readonly observer: Observer
  /** This machine's clock; `hits.nowMs()` is the store's. */
  readonly nowMs: () => number
  readonly digest: Digest
  /** A new id for whoever takes a slot and brings none along. */
  readonly mintId: (nowMs: number) => string
  readonly answers: Omit<DescriptorScene, 'nowMs'>
  /** The percentage of a limit from which on hits are told as near it. */
  readonly nearPercent: number
}

/** How much of the time left the store may use: the rest is for what is decided when it has not answered. */
const storeShare = 0.8

interface Deciding extends RateLimitDeps {
  readonly memo: PeriodMemo
  readonly metrics: HitMetrics
  readonly count: CountHits
}

/**
 * Answers ShouldRateLimit: descriptors → limits → one call of the store → statuses. A domain without a row has no limits. What the store does
 * not answer in time is decided by postures.
 * @throws Fault `bad_request` for a call that is too large to be counted, `policy_unavailable` before there is a policy.
 */
export function createRateLimit(deps: RateLimitDeps): RateLimit {
  const metrics = createHitMetrics(deps)
  const deciding = { ...deps, memo: createPeriodMemo(), metrics, count: createCountHits(deps) }
  return async (request, { deadlineMs }) => {
    checkBounds(request)
    const snapshot = deps.policy.current()
    if (snapshot === undefined) throw new Fault('policy_unavailable', 'There is no policy yet', { transient: true })
    const domain = snapshot.descriptorDomain(request.domain)
    if (domain === undefined) {
      countCase(deps.observer, 'unknown_domain')
      return { ...passed, statuses: statusesOf(request.descriptors.length, [], uncounted) }
    }
    return decide({ domain, request, deadlineMs }, deciding)
  }
}

const uncounted: CountedCall = { limits: [], denied: new Set() }
const passed: RateLimitAnswer = { code: 'ok', statuses: [], responseHeaders: [] }

interface Asked {
  readonly domain: DescriptorDomain
  readonly request: RateLimitRequest
  readonly deadlineMs: number
}

async function decide({ domain, request, deadlineMs }: Asked, deciding: Deciding): Promise<RateLimitAnswer> {
  const { hits, memo, digest, observer } = deciding
  const nowMs = hits.nowMs()
  const selected = selectLimits({
    domain,
    descriptors: request.descriptors,
    onOverrideIgnored: () => countCase(observer, 'unknown_unit'),
  })
  const called = hitLinesOf(selected, { domain: domain.rule, request, nowMs, memo, digest })
  if (called.lines.length === 0) return answerOf({ domain, request, selected, counted: uncounted }, deciding)
  const counted = await deciding.count({
    ...called,
    counting: domain.rule.counting,
    notAfterMs: Math.floor(nowMs + (deadlineMs - deciding.nowMs()) * storeShare),
    memo,
  })
  return answerOf({ domain, request, selected, counted }, deciding)
}

interface Decided {
  readonly domain: DescriptorDomain
  readonly request: RateLimitRequest
  readonly selected: readonly SelectedLimit[]
  readonly counted: CountedCall
}

function answerOf(decided: Decided, deciding: Deciding): RateLimitAnswer {
  const { domain, request, selected, counted } = decided
  tellMetrics(decided, deciding)
  const statuses = statusesOf(request.descriptors.length, selected, counted)
  const responseHeaders = hitHeaders(domain.rule, counted)
  const metadata = hitMetadata(domain.rule, counted, statuses)
  const told = metadata === undefined ? {} : { metadata }
  for (const { code } of statuses) if (code === 'over_limit') return refusedWith({ statuses, responseHeaders, told })
  return { code: 'ok', statuses, responseHeaders, ...told }

  function refusedWith(parts: {
    readonly statuses: RateLimitAnswer['statuses']
    readonly responseHeaders: RateLimitAnswer['responseHeaders']
    readonly told: Pick<RateLimitAnswer, 'metadata'>
  }): RateLimitAnswer {
    const { headers, body } = hitRefusal(counted, { ...deciding.answers, nowMs: deciding.nowMs() })
    return {
      code: 'over_limit',
      statuses: parts.statuses,
      responseHeaders: [...parts.responseHeaders, ...headers],
      body,
      ...parts.told,
    }
  }
}

function tellMetrics({ domain, request, counted }: Decided, { metrics }: Deciding): void {
  for (const { line, rule, state } of counted.limits) {
    const entries = request.descriptors[line.descriptor]?.entries ?? []
    const base = { domain: domain.rule, entries, line, state }
    metrics.count(isOverride(rule) ? base : { ...base, rule })
  }
}
