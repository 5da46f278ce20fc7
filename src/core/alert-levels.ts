import type { AlertLevel } from './alert-event.ts'
import type { SubjectKind } from './subject.ts'

/** One level of one limit, in one window of one subject. */
export interface LevelName {
  readonly subject: { readonly kind: SubjectKind; readonly id: string }
  /** The limit's name. */
  readonly limit: string
  /** First instant of the window. */
  readonly startMs: number
  readonly percent: number
}

/** What makes a level event the same event, whoever finds it: the ledger, a change of policy, or the first refusal of a window. */
export function levelKey({ subject, limit, startMs, percent }: LevelName): string {
  return `level ${subject.kind}:${subject.id} ${limit} ${startMs} ${percent}`
}

/** What a level is called: exhausted from 100 % on, critical from 90 % on, below a warning. */
export function levelWord(percent: number): AlertLevel {
  if (percent >= 100) return 'exhausted'
  return percent >= 90 ? 'critical' : 'warning'
}
