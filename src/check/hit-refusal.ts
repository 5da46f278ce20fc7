import { type DescriptorScene, descriptorProblem, uncountedProblem } from '../core/descriptor-words.ts'
import { headerSeconds } from '../core/rate-limit-headers.ts'
import type { Header } from '../core/verdict.ts'
import { amountOf, type CountedCall, type CountedLimit, isCloser, refuses } from './descriptor-status.ts'

export interface HitRefusal {
  readonly headers: readonly Header[]
  readonly body: string
}

/** What a refusal by our own trouble waits. */
const troubleMs = 2_000

/**
 * What a refused client reads: the limit with the longest wait. Retry-After is whole seconds rounded up, at least 1: Envoy's own is rounded
 * down (1.40), so a client that obeys it comes too early. The content type goes with refusals only, because Envoy appends what we add.
 */
export function hitRefusal(counted: CountedCall, scene: DescriptorScene): HitRefusal {
  const limit = longestOf(counted)
  if (limit === undefined) return refusalOf(uncountedProblem(scene), troubleMs)
  const { rule, line, state } = limit
  if (rule.amount.kind === 'unlimited' || rule.amount.kind === 'none')
    return refusalOf(uncountedProblem(scene), troubleMs)
  const over = {
    name: rule.name ?? rule.id,
    amount: rule.amount,
    amountMax: amountOf(line),
    used: state.before,
    hits: line.hits,
    retryAfterMs: state.retryAfterMs,
    resetAtMs: scene.nowMs + state.resetMs,
  }
  const waitMs = state.retryAfterMs === 'never' ? state.resetMs : state.retryAfterMs
  return refusalOf(descriptorProblem(over, scene), waitMs)
}

function refusalOf(problem: unknown, waitMs: number): HitRefusal {
  return {
    headers: [
      { name: 'retry-after', value: String(Math.max(1, headerSeconds(waitMs))) },
      { name: 'content-type', value: 'application/problem+json' },
      { name: 'cache-control', value: 'no-store' },
    ],
    body: JSON.stringify(problem),
  }
}

function longestOf({ limits }: CountedCall): CountedLimit | undefined {
  let longest: CountedLimit | undefined
  for (const limit of limits) if (refuses(limit) && (longest === undefined || isCloser(limit, longest))) longest = limit
  return longest
}
