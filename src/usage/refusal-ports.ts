import type { NewAlertEvent } from '../core/alert-event.ts'
import type { Surface } from '../core/subject.ts'
import type { Cause } from '../core/verdict.ts'

/** How often one thing was refused to one account in one hour: a row of `refusal_hour`. */
export interface RefusalCount {
  /** First instant of the UTC hour. */
  readonly hourMs: number
  readonly account: string
  readonly project: string
  readonly department: string
  readonly surface: Surface
  /** Empty: none, or left out because there were too many. */
  readonly resource: string
  /** The limit that refused; empty when none did. */
  readonly limitName: string
  readonly cause: Cause
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

/** Where refusals are kept. */
export interface RefusalLog {
  /** Adds these to what is there, all or none. Throws a `Fault`: `uncertain` when they may be there all the same. */
  add(counts: readonly RefusalCount[]): Promise<void>
  /** Writes the events that do not stand yet; once more changes nothing. */
  tell(events: readonly NewAlertEvent[]): Promise<void>
}

/** Which refusals a page has: of all that is set, the latest hour first, after `next` of the page before. */
export interface RefusalPage {
  readonly account?: string
  readonly project?: string
  readonly sinceMs: number
  readonly untilMs: number
  /** Opaque. */
  readonly after?: string
  readonly countMax: number
}

export interface RefusalReader {
  /** `next`: there are more. Throws a `Fault`: `not_valid` (not a cursor), `policy_unavailable`. */
  of(page: RefusalPage): Promise<{ readonly rows: readonly RefusalCount[]; readonly next?: string }>
}
