import type { DescriptorRule } from '../../core/descriptor-rule.ts'
import { toldWaitMs } from '../../core/descriptor-wait.ts'
import type { HitLine, HitState } from '../../core/hit.ts'

/** One limit of a call after it was counted. */
export interface CountedLimit {
  readonly rule: DescriptorRule
  readonly line: HitLine
  readonly state: HitState
}

/**
 * Whether a limit is closer to its end: one that refuses goes before one that does not, the longer wait before the shorter; then one that
 * could refuse before one that never does, and the one with less left.
 */
export function isCloserToEnd(limit: CountedLimit, other: CountedLimit): boolean {
  const [isOver, isOtherOver] = [refuses(limit), refuses(other)]
  if (isOver !== isOtherOver) return isOver
  if (isOver) return waitOf(limit) > waitOf(other)
  if (limit.line.enforced !== other.line.enforced) return limit.line.enforced
  return remainingOf(limit) < remainingOf(other)
}

export function refuses({ line, state }: CountedLimit): boolean {
  return line.enforced && !state.fits
}

function waitOf({ line, state }: CountedLimit): number {
  const waitMs = toldWaitMs(line.kind, state.retryAfterMs)
  return waitMs === 'never' ? Number.POSITIVE_INFINITY : waitMs
}

/** How much there is of a limit when nothing is used: of a rate, its burst. */
export function amountOf(line: HitLine): number {
  return line.kind === 'rate' ? line.burst : line.amount
}

export function remainingOf({ line, state }: CountedLimit): number {
  return Math.max(0, amountOf(line) - state.after)
}
