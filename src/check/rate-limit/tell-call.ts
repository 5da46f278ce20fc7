import type { DomainRule } from '../../core/descriptor-rule.ts'
import { hitsOf } from './hit-lines.ts'
import type { HitMetrics } from './hit-metrics.ts'
import type { DecidedCall } from './rate-limit-answer.ts'
import type { RateLimitRequest } from './rate-limit-words.ts'
import { isOverride } from './select-limits.ts'

interface ToldCall {
  readonly domain: DomainRule
  readonly request: RateLimitRequest
  /** Undefined: nobody could hold slots. */
  readonly slotId: string | undefined
}

/** Counts what became of a call's hits, rule by rule. */
export function tellCall(
  { selected, counted }: DecidedCall,
  { domain, request, slotId }: ToldCall,
  metrics: HitMetrics,
): void {
  for (const { line, rule, state } of counted.limits) {
    const entries = request.descriptors[line.descriptor]?.entries ?? []
    metrics.count(isOverride(rule) ? { domain, entries, line, state } : { domain, rule, entries, line, state })
    if (line.kind === 'concurrency' && line.hits > 0 && slotId === undefined) metrics.countSlotless()
  }
  for (const { descriptor, rule } of selected) {
    const asked = request.descriptors[descriptor]
    if (rule.amount.kind === 'unlimited' && asked !== undefined)
      metrics.countUnlimited({ domain, rule, entries: asked.entries, hits: hitsOf(asked, request) })
  }
}
