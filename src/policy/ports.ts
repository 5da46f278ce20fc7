/** A row as the database gives it, not yet checked. */
export type RawRow = Readonly<Record<string, unknown>>

/** The tables a policy is made of. Tiers come inside the rows of `price_rule`. */
export type TableName =
  | 'plan'
  | 'department'
  | 'project'
  | 'account'
  | 'token'
  | 'upstream'
  | 'limit_rule'
  | 'price_rule'
  | 'access_rule'
  | 'grant'
  | 'alert_rule'
  | 'descriptor_domain'
  | 'descriptor_limit'

/** What a reading of the policy is as of. */
export interface PolicyHead {
  /** Versions of different histories cannot be compared. */
  readonly history: string
  readonly version: number
  /** Tables that somebody says were emptied on purpose. */
  readonly emptied: readonly string[]
}

export interface TouchedTable {
  readonly table: TableName
  /** Ids of every row that was added, changed or removed. */
  readonly ids: readonly string[]
  /** Those of them that are there now. */
  readonly rows: readonly RawRow[]
}

export interface PolicyChanges extends PolicyHead {
  readonly touched: readonly TouchedTable[]
}

/** A row as the change log says it once was. */
export type FormerRow =
  | { readonly kind: 'known'; readonly id: string; readonly row: RawRow }
  /** Some of it cannot be known any more, such as a column that the log keeps only by digest. */
  | { readonly kind: 'unknown'; readonly id: string; readonly reason: string }
  | { readonly kind: 'absent'; readonly id: string }

/** The line on which the database says that something changed. */
export interface Doorbell {
  /** Resolves when the line breaks. Never rejects. */
  readonly broken: Promise<void>
  /** Sends a ring to oneself and waits for it; rejects when it does not come back in time. */
  prove(): Promise<void>
  close(): Promise<void>
}

/**
 * Where policy comes from. An implementation MUST read as of one instant, show a version only together with all of its changes and
 * after all lower ones, bound every wait, and throw a `Fault` of code `policy_unavailable` when the database cannot be asked.
 */
export interface PolicyDatabase {
  /** Calls `onRing` at each change from now on. A ring may be lost and carries nothing: ask for the changes. */
  listen(onRing: () => void): Promise<Doorbell>
  /** Every row, in batches of bounded size. */
  readAll(take: (batch: { readonly table: TableName; readonly rows: readonly RawRow[] }) => void): Promise<PolicyHead>
  /** What changed since; undefined when that cannot be told (another history, too much): then everything must be read. */
  readChanges(since: { readonly history: string; readonly version: number }): Promise<PolicyChanges | undefined>
  /**
   * What these rows, which are there, were at `version` and before, newest first: as it stands in the log, then before each of the last
   * changes. A bounded number of each; of every row at least what is in the log. As of any later time the answer is the same.
   */
  readFormer(asked: {
    readonly table: TableName
    readonly rows: readonly RawRow[]
    readonly version: number
  }): Promise<readonly FormerRow[]>
  /**
   * The rows that a table which is empty at `version` had last, in batches of bounded size, and the version at which it had them. Undefined
   * when it never had any, or when it has been confirmed since that it is empty.
   */
  readLost(asked: {
    readonly table: TableName
    readonly version: number
    readonly take: (rows: readonly FormerRow[]) => void
  }): Promise<number | undefined>
  close(): Promise<void>
}

/** Lines kept on this machine's disk, sealed: nobody else can read them, or change them unseen. */
export interface SealedLines {
  /** Replaces all of them, whole or not at all; takes no more than a few milliseconds of the process at a time. */
  write(lines: Iterable<string>): Promise<void>
  /** Gives them in order, after they were found to be as written; false when there are none. Throws a `Fault` of code `not_valid` that says what is wrong. */
  read(take: (line: string) => void): Promise<boolean>
}

export interface Clock {
  nowMs(): number
  /** Resolves after `ms`, or as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}
