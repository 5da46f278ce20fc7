import {
  type DescriptorScene,
  descriptorProblem,
  nobodysProblem,
  ownLimitProblem,
  uncountedProblem,
} from '../../core/descriptor-words.ts'
import { headerSeconds } from '../../core/rate-limit-headers.ts'
import type { Header } from '../../core/verdict.ts'
import { amountOf, type CountedLimit, isCloserToEnd, refuses } from './counted-limit.ts'
import type { CountedCall } from './descriptor-status.ts'
import type { OwnPart } from './principal/own-call.ts'
import { formOf } from './rule-form.ts'

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
export function hitRefusal(counted: CountedCall, own: readonly OwnPart[], scene: DescriptorScene): HitRefusal {
  const limit = longestOf(counted)
  const over = limit && overOf(limit, scene)
  const ownWaitMs = Math.max(0, ...own.map(waitOf))
  if (over === undefined)
    return own.length === 0 ? refusalOf(uncountedProblem(scene), troubleMs) : ownRefusal(own, scene)
  return refusalOf(descriptorProblem(over, scene), Math.max(ownWaitMs, waitOf({ ...over, status: over })))
}

interface Waiting {
  readonly retryAfterMs?: number | 'never'
  readonly status: { readonly resetMs?: number }
}

/** Where no wait helps, until what is used now is free again. */
function waitOf({ retryAfterMs, status }: Waiting): number {
  return retryAfterMs === undefined || retryAfterMs === 'never' ? (status.resetMs ?? 0) : retryAfterMs
}

/** Undefined where the limit's row cannot be read: what it allows is not known, so its refusal is our own trouble. */
function overOf({ rule, line, state }: CountedLimit, { nowMs }: DescriptorScene) {
  const { amount } = rule
  if (rule.isFaulty === true || amount.kind === 'unlimited' || amount.kind === 'none') return undefined
  const { before: used, retryAfterMs, resetMs } = state
  return {
    name: formOf(rule).title,
    amount,
    amountMax: amountOf(line),
    used,
    hits: line.hits,
    retryAfterMs,
    resetMs,
    resetAtMs: nowMs + resetMs,
  }
}

/** By an account's own limits, or because nobody knows whose they are. */
function ownRefusal(own: readonly OwnPart[], scene: DescriptorScene): HitRefusal {
  const longest = own.reduce((longer, part) => (waitOf(part) > waitOf(longer) ? part : longer))
  const { limit, resetMs = 0 } = longest.status
  if (limit === undefined) return refusalOf(nobodysProblem(scene), troubleMs)
  const { name, requestsPerUnit: amount } = limit
  return refusalOf(ownLimitProblem({ name, amount, resetAtMs: scene.nowMs + resetMs }, scene), waitOf(longest))
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
  for (const limit of limits)
    if (refuses(limit) && (longest === undefined || isCloserToEnd(limit, longest))) longest = limit
  return longest
}
