import {
  type DescriptorRefusal,
  refusalProblem,
  refusalRetryAfterSeconds,
  refusalWaitMs,
} from '../../core/descriptor-refusal.ts'
import type { DescriptorScene } from '../../core/descriptor-words.ts'
import type { Header } from '../../core/verdict.ts'
import { amountOf, type CountedLimit, refuses } from './counted-limit.ts'
import type { CountedCall } from './descriptor-status.ts'
import type { OwnPart } from './principal/own-call.ts'
import { formOf } from './rule-form.ts'

export interface HitRefusal {
  readonly headers: readonly Header[]
  readonly body: string
}

/**
 * What a refused client reads: of all that refuses it, what waits longest. Retry-After is there only where a client that obeys it is let pass
 * soon after: see `retryAfterSeconds`. The content type goes with refusals only, because Envoy appends what we add.
 */
export function hitRefusal(counted: CountedCall, own: readonly OwnPart[], scene: DescriptorScene): HitRefusal {
  const refusals = refusalsOf(counted, own, scene)
  const longest = refusals.reduce((longer, one) => (waitOf(one) > waitOf(longer) ? one : longer), first(refusals))
  const seconds = retryAfterOf(refusals)
  return {
    headers: [
      ...(seconds === undefined ? [] : [{ name: 'retry-after', value: String(seconds) }]),
      { name: 'content-type', value: 'application/problem+json' },
      { name: 'cache-control', value: 'no-store' },
    ],
    body: JSON.stringify(refusalProblem(longest, scene)),
  }
}

const unavailable: DescriptorRefusal = { kind: 'unavailable' }

function first(refusals: readonly DescriptorRefusal[]): DescriptorRefusal {
  return refusals[0] ?? unavailable
}

function refusalsOf(
  { limits, denied }: CountedCall,
  own: readonly OwnPart[],
  scene: DescriptorScene,
): readonly DescriptorRefusal[] {
  const refusals = limits.filter(refuses).map((limit) => byLimit(limit, scene))
  for (const { refusal } of own) if (refusal !== undefined) refusals.push(refusal)
  return denied.size === 0 ? refusals : [...refusals, unavailable]
}

/** The longest, and none where one of them would not be over by then. */
function retryAfterOf(refusals: readonly DescriptorRefusal[]): number | undefined {
  let longest = 0
  for (const refusal of refusals.length === 0 ? [unavailable] : refusals) {
    const seconds = refusalRetryAfterSeconds(refusal)
    if (seconds === undefined) return undefined
    longest = Math.max(longest, seconds)
  }
  return longest
}

function waitOf(refusal: DescriptorRefusal): number {
  const waitMs = refusalWaitMs(refusal)
  return waitMs === 'never' ? Number.POSITIVE_INFINITY : waitMs
}

function byLimit({ rule, line, state }: CountedLimit, { nowMs }: DescriptorScene): DescriptorRefusal {
  const { amount } = rule
  const { title } = formOf(rule)
  if (rule.isFaulty === true || amount.kind === 'unlimited' || amount.kind === 'none')
    return { kind: 'faulty', limit: title }
  const { before: used, retryAfterMs, resetMs } = state
  const usage = { name: title, amount, amountMax: amountOf(line), used, hits: line.hits }
  return { kind: 'over', over: { ...usage, retryAfterMs, resetAtMs: nowMs + resetMs } }
}
