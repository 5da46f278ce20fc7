import type { LimitRule, TimeRange, WindowKind } from './limit.ts'
import type { Quantity } from './quantity.ts'
import type { SubjectKind } from './subject.ts'

/** What people are told of. A row of `alert_event` has one of these as its type. */
export const alertTypes = [
  'level',
  'recovered',
  'forecast',
  'token_expiring',
  'token_networks',
  'request_asked',
  'request_decided',
  'grant_ending',
  'policy_quarantined',
  'ledger_lag',
  'channel_stopped',
  'test',
] as const
export type AlertType = (typeof alertTypes)[number]
export type AlertLevel = 'info' | 'warning' | 'critical' | 'exhausted'

/** A quota's counter in one window, as it stood when the event was found; amounts in code units. */
export interface AlertedLimit extends TimeRange {
  readonly name: string
  /** Id of the row that says the amount. */
  readonly rule?: string
  readonly subject: { readonly kind: SubjectKind; readonly id: string }
  readonly surface: LimitRule['surface']
  readonly counts: Quantity
  readonly window: WindowKind
  readonly timeZone: string
  readonly used: number
  readonly amount: number
}

/** An event about to be written. It concerns an account, a project or a department; none of them: the installation. */
export interface NewAlertEvent {
  /** What makes it the same event: it is written once while one with this key stands. */
  readonly key: string
  readonly type: AlertType
  readonly level: AlertLevel
  readonly account?: string
  readonly project?: string
  readonly department?: string
  readonly limit?: AlertedLimit
  /** Of level events: the level that was reached, as `alert_rule.percents` has it. */
  readonly percent?: number
  /** Of events without a limit: the instant it is about, such as the end of a token. */
  readonly aboutMs?: number
  /** What else the words of its type need. */
  readonly data?: Readonly<Record<string, string | number | boolean | null>>
  /** Written so that it is not told later: a jump passed this level. */
  readonly skipped?: true
  /** Told to this channel and no other. */
  readonly onlyChannel?: string
}

export interface AlertEvent extends NewAlertEvent {
  /** The same in every delivery and repetition. */
  readonly id: string
  readonly atMs: number
}
