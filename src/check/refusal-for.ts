import { type LimitView, limitViewsOf, refusalOf } from '../core/limit-view.ts'
import type { Refusal } from '../core/verdict.ts'
import type { Admission } from './admission.ts'
import type { Governed } from './assess.ts'

/** The limits of a request as they stood at its spend. */
export function viewsOf({ lines, answer }: Admission & { readonly kind: 'taken' | 'refused' }): readonly LimitView[] {
  return limitViewsOf(lines, answer.states, answer.at)
}

/** What the limit that refused says. A size that is only assumed cannot make a request too large for ever: it may turn out smaller. */
export function refusalFor(
  { lines, answer }: Admission & { readonly kind: 'refused' },
  { governed, views }: { readonly governed: Governed; readonly views: readonly LimitView[] },
): Refusal {
  const line = lines[answer.line]
  const view = views[answer.line]
  if (line === undefined || view === undefined) return { cause: 'unavailable' }
  const limit = governed.limits.find(({ name }) => name === line.limit)
  const isAssumed = answer.retryAfterMs === 'never' && line.kind === 'quota' && !governed.isSizeKnown
  return refusalOf(view, {
    retryAfterMs: isAssumed ? view.resetAfterMs : answer.retryAfterMs,
    refusesWith429: limit?.refusesWith429 ?? false,
    needs: line.hits,
    timeZone: governed.principal.account.timeZone,
  })
}
