import type { NewAlertEvent } from '../core/alert-event.ts'
import type { CountedQuantity } from '../core/quantity.ts'

/** What a found thing belongs to, and whose clock tells its times. */
export interface Place {
  readonly account?: string
  readonly project?: string
  readonly department?: string
  /** Of the account. */
  readonly timeZone?: string
}

interface Found extends Place {
  readonly id: string
  /** What makes the event the same event; nothing is found of which one by this key stands. */
  readonly key: string
}

export interface ExpiringToken extends Found {
  /** First and last characters. */
  readonly hint: string
  readonly expiresAtMs: number
  /** The span that is told. */
  readonly hours: number
}

export interface CrowdedToken extends Found {
  readonly hint: string
  /** Different networks within the last hour. */
  readonly networks: number
}

export interface EndingGrant extends Found {
  readonly kind: 'raise' | 'pack'
  readonly limitName: string
  readonly counts: CountedQuantity
  /** In the unit of SQL. */
  readonly amount: string
  readonly endsAtMs: number
  readonly hours: number
}

/** Conditions that end by themselves, so that the same may be told anew. */
export type StandingType = 'policy_quarantined' | 'ledger_lag'

/** What the database knows of what people are to be told in time. Every answer is bounded. Faults: `policy_unavailable`. */
export interface WatchStore {
  /** Tokens that end within one of these spans of hours. */
  expiringTokens(hours: readonly number[], countMax: number): Promise<readonly ExpiringToken[]>
  /** Grants that end within one of these spans of hours. */
  endingGrants(hours: readonly number[], countMax: number): Promise<readonly EndingGrant[]>
  /** Notes from where tokens were used in the last `lookBackMs`, and answers those that were used from so many networks within an hour. */
  crowdedTokens(asked: {
    readonly lookBackMs: number
    readonly networksMin: number
    readonly countMax: number
  }): Promise<readonly CrowdedToken[]>
  /** Expires open requests whose time is over, each with its event in one transaction; answers how many. */
  expireRequests(countMax: number): Promise<number>
  /** Tells of requests that were asked or decided by plain SQL; answers how many. */
  tellRequests(countMax: number): Promise<number>
  /** Remembers that a ledger had read everything so many milliseconds ago, unless another has since. */
  noteCaughtUp(msAgo: number): Promise<void>
  /** How long ago any ledger of the installation had read everything; undefined: none ever had. */
  caughtUpMsAgo(): Promise<number | undefined>
  /** Writes those that do not stand. */
  add(events: readonly NewAlertEvent[]): Promise<void>
  /** All of this type that is now: what stands beside it ends, and what ended less than `quietMs` ago is not told again. */
  stand(type: StandingType, events: readonly NewAlertEvent[], quiet: { readonly quietMs: number }): Promise<void>
}
