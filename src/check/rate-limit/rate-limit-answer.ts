import type { DescriptorScene } from '../../core/descriptor-words.ts'
import type { DescriptorDomain } from '../../core/match-descriptor.ts'
import { type CountedCall, nothingCounted, statusesOf } from './descriptor-status.ts'
import { hitHeaders } from './hit-headers.ts'
import { hitMetadata } from './hit-metadata.ts'
import { hitRefusal } from './hit-refusal.ts'
import type { OwnPart } from './principal/own-call.ts'
import { isOver, withOwn } from './principal/own-parts.ts'
import type { DescriptorStatus, RateLimitAnswer } from './rate-limit-words.ts'
import type { SelectedLimit } from './select-limits.ts'

/** What a call came to: by the rules that match it, and by the limits of those whom it names. */
export interface DecidedCall {
  readonly descriptorCount: number
  readonly selected: readonly SelectedLimit[]
  readonly counted: CountedCall
  readonly own: readonly OwnPart[]
}

/** The answer of a domain without a row: no limit stands there. */
export function unknownDomain(descriptorCount: number, own: readonly OwnPart[]): RateLimitAnswer {
  const statuses = withOwn(statusesOf(descriptorCount, [], nothingCounted), own)
  return { code: 'ok', statuses, responseHeaders: [] }
}

/** Statuses, headers, body and metadata of a call. */
export function rateLimitAnswer(
  decided: DecidedCall,
  { rule }: DescriptorDomain,
  sceneNow: () => DescriptorScene,
): RateLimitAnswer {
  const { counted, own } = decided
  const statuses = withOwn(statusesOf(decided.descriptorCount, decided.selected, counted), own)
  const responseHeaders = hitHeaders(rule, counted)
  const metadata = hitMetadata(rule, counted, statuses)
  if (!isAnyOver(statuses))
    return metadata === undefined
      ? { code: 'ok', statuses, responseHeaders }
      : { code: 'ok', statuses, responseHeaders, metadata }
  const { headers, body } = hitRefusal(counted, own.filter(isOver), sceneNow())
  const refused = { code: 'over_limit', statuses, responseHeaders: [...responseHeaders, ...headers], body } as const
  return metadata === undefined ? refused : { ...refused, metadata }
}

function isAnyOver(statuses: readonly DescriptorStatus[]): boolean {
  for (const { code } of statuses) if (code === 'over_limit') return true
  return false
}
