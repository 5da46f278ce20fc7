import type { DomainRule } from '../../../core/descriptor-rule.ts'
import type { HitLine } from '../../../core/hit.ts'
import type { CallLines } from '../hit-lines.ts'
import { refusedUncounted, withinNoLimit } from '../plain-status.ts'
import type { DescriptorStatus } from '../rate-limit-words.ts'
import type { NamedDescriptor } from './named-call.ts'
import type { OwnPart } from './own-call.ts'

/**
 * What a `rid` that is no ticket of ours comes to: like a wrong credential it is refused, whatever the posture, because to count it for nobody
 * would be the way around every limit. Passed are the end of a stream, and domains where nothing is refused, or that there are not.
 */
export function invalidPart({ descriptor, read }: NamedDescriptor, domain: DomainRule | undefined): OwnPart {
  const passes = domain === undefined || domain.shadow || domain.quotaMode || read.isStreamDone
  if (passes) return { descriptor, status: withinNoLimit }
  return { descriptor, status: refusedUncounted, refusal: { kind: 'invalid_rid' } }
}

/** Where an own limit refuses, rules only look: what is refused takes nothing, unless it is charged all the same. */
export function besideRefused(lines: CallLines, parts: readonly OwnPart[], { counting }: DomainRule): CallLines {
  const refused = new Set(parts.filter(isOver).map(({ descriptor }) => descriptor))
  if (refused.size === 0) return lines
  const isRefused = ({ descriptor }: HitLine): boolean => counting === 'all_or_nothing' || refused.has(descriptor)
  const looking = (line: HitLine): HitLine =>
    isRefused(line) && line.enforced && !line.chargesRefused ? { ...line, hits: 0 } : line
  return { rules: lines.rules, lines: lines.lines.map(looking) }
}

/** Of rules and own limits the closer one is told. */
export function withOwn(statuses: readonly DescriptorStatus[], parts: readonly OwnPart[]): readonly DescriptorStatus[] {
  if (parts.length === 0) return statuses
  const told = [...statuses]
  for (const { descriptor, status } of parts) {
    const counted = told[descriptor] ?? withinNoLimit
    if (isToldFirst(status, counted)) told[descriptor] = status
  }
  return told
}

/** Books what passed and gives back what was refused. */
export function settleOwn(
  parts: readonly OwnPart[],
  refused: ReadonlySet<number>,
  { counting }: Pick<DomainRule, 'counting'>,
): void {
  for (const { descriptor, settle } of parts) {
    const isRefused = counting === 'all_or_nothing' ? refused.size > 0 : refused.has(descriptor)
    settle?.(isRefused ? 'given_back' : 'stands')
  }
}

export function isOver({ status }: { readonly status: DescriptorStatus }): boolean {
  return status.code === 'over_limit'
}

function isToldFirst(status: DescriptorStatus, other: DescriptorStatus): boolean {
  if (status.code !== other.code) return status.code === 'over_limit'
  if (status.limit === undefined || other.limit === undefined) return status.limit !== undefined
  return status.remaining < other.remaining
}
