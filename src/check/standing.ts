import type { LimitRule, Line } from '../core/limit.ts'
import { type LimitView, limitViewsOf } from '../core/limit-view.ts'
import type { LineState } from '../core/spend.ts'
import type { Seen } from './look.ts'

/** One limit as it stands for a caller: its figures, the rule row behind it, and whether what is asked would fit. */
export interface Standing extends LimitView {
  /** Id of the `limit_rule` row that won its name. */
  readonly rule: string
  /** Id of the subject that the counter belongs to. */
  readonly subject: string
  /** What is asked, in code units. */
  readonly needs: number
  /** Absent while the counter is cold. */
  readonly fits?: boolean
  readonly retryAfterMs?: number | 'never'
}

/** What was seen of each line, beside the rule that made it. */
export function standingsOf(limits: readonly LimitRule[], { lines, states, at }: Seen): readonly Standing[] {
  return limitViewsOf(lines, states, at).map((view, index) => ({
    ...view,
    ...lineOf(lines[index], limits),
    ...fitOf(states[index]),
  }))
}

function lineOf(line: Line | undefined, limits: readonly LimitRule[]): Pick<Standing, 'rule' | 'subject' | 'needs'> {
  const rule = limits.find(({ name }) => name === line?.limit)
  return { rule: rule?.id ?? '', subject: line?.subject.id ?? '', needs: line?.hits ?? 0 }
}

function fitOf(state: LineState | undefined): Pick<Standing, 'fits' | 'retryAfterMs'> {
  return state === undefined || state.kind === 'cold' ? {} : { fits: state.fits, retryAfterMs: state.retryAfterMs }
}
