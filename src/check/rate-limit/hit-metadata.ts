import type { DomainRule } from '../../core/descriptor-rule.ts'
import { refuses, remainingOf } from './counted-limit.ts'
import { type CountedCall, closestOf } from './descriptor-status.ts'
import type { DescriptorStatus, RateLimitAnswer } from './rate-limit-words.ts'
import { formOf } from './rule-form.ts'

/**
 * What other filters are told (docs/reference/rate-limit.md): which descriptors are over a limit in quota mode, always; and what each one came
 * to, where the domain's row wants it. Undefined: nothing.
 */
export function hitMetadata(
  domain: DomainRule,
  counted: CountedCall,
  statuses: readonly DescriptorStatus[],
): RateLimitAnswer['metadata'] {
  const violations = violationsOf(domain, counted)
  if (!domain.metadata && violations.length === 0) return undefined
  const quota = violations.length > 0 && { quotaModeViolations: violations }
  if (!domain.metadata) return { domain: domain.id, ...quota }
  return { domain: domain.id, descriptors: descriptorsOf(counted, statuses), ...quota }
}

/** Descriptors whose hits are outside a limit that only tells. */
function violationsOf(domain: DomainRule, { limits }: CountedCall): readonly number[] {
  let violations: number[] | undefined
  for (const { line, rule, state } of limits) {
    if (state.fits || !(domain.quotaMode || rule.quotaMode)) continue
    violations ??= []
    if (!violations.includes(line.descriptor)) violations.push(line.descriptor)
  }
  return violations ?? noViolations
}

const noViolations: readonly number[] = []

function descriptorsOf(counted: CountedCall, statuses: readonly DescriptorStatus[]): readonly unknown[] {
  const closest = closestOf(statuses.length, counted)
  return statuses.map(({ code }, index) => {
    const limit = closest[index]
    if (limit === undefined || counted.denied.has(index)) return { over: code === 'over_limit' }
    const { rule, line, state } = limit
    return {
      limit: formOf(rule).title,
      remaining: remainingOf(limit),
      reset_ms: state.resetMs,
      over: line.enforced ? refuses(limit) : !state.fits,
    }
  })
}
