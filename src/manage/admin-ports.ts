/** An object of a column that holds a list of them, such as the entries of a descriptor. */
export type PolicyObject = Readonly<Record<string, string | number | boolean>>
/** What a column of policy holds: exact decimal text for amounts, ISO 8601 for times, a list for an array; null: nothing. */
export type PolicyValue = string | number | boolean | null | readonly (string | number)[] | readonly PolicyObject[]
export type PolicyRow = Readonly<Record<string, PolicyValue>>

/** A column as the database has it. */
export interface PolicyColumn {
  readonly name: string
  /** As PostgreSQL names it, a domain by what it rests on: text, integer, bigint, numeric, boolean, interval, cidr, text[] … */
  readonly type: string
  /** Decimals of a numeric; absent: as many as one likes. */
  readonly decimals?: number
  readonly isNullable: boolean
  /** False: the database writes it, as it writes generated columns. */
  readonly isWritable: boolean
  /** Its place in the primary key, from 1; absent: not part of it. */
  readonly keyPlace?: number
  /** What its COMMENT says. */
  readonly comment: string
}

/** A table of policy whose rows administrators write. */
export interface PolicyTable {
  readonly name: string
  /** An emptied table is taken for an accident until somebody confirms it. */
  readonly isHeldWhenEmptied: boolean
  /** Its id is any text: a comma in it does not begin another column of the key. */
  readonly keyHasCommas?: true
  readonly columns: readonly PolicyColumn[]
}

/** Which rows a page has, in the order of the key, after the row of the key `after`. */
export interface PolicyRowPage {
  /** Columns that must be equal. */
  readonly where: PolicyRow
  readonly after?: PolicyRow
  readonly countMax: number
}

/** Who writes, for the audit; absent: the operator, whom the database knows by the name of its session. */
export interface WrittenBy {
  readonly by?: string
}

export interface PolicyWrite extends WrittenBy {
  readonly key: PolicyRow
  /** Columns beside the key; what is not named stays as it is, or takes its default in a new row. */
  readonly values: PolicyRow
  readonly only?: 'new' | 'existing'
}

export interface PolicyRemoval extends WrittenBy {
  readonly key: PolicyRow
  /** The table may be emptied, and is confirmed to be empty on purpose. */
  readonly isLastMeant: boolean
}

/**
 * Rows of policy in the database. Names of tables and columns MUST be those of `columns`; values are bound, never spliced. Faults:
 * `policy_unavailable`; `conflict` for a row of that key, one that others refer to, or the last of a table that is held; `not_valid` when
 * another rule of the database refuses, with its name in the message.
 */
export interface PolicyRowStore {
  /** In the order of the table; empty: there is no such table. */
  columns(table: string): Promise<readonly PolicyColumn[]>
  list(table: PolicyTable, page: PolicyRowPage): Promise<readonly PolicyRow[]>
  /** One transaction; the last one wins. `new` absent: a row of that key is there, or is not, against `only`. */
  write(table: PolicyTable, write: PolicyWrite): Promise<{ readonly old?: PolicyRow; readonly new?: PolicyRow }>
  /** The row as it was; undefined: there was none. */
  remove(table: PolicyTable, removal: PolicyRemoval): Promise<PolicyRow | undefined>
}

/** One row of `policy_change`. */
export interface AuditedChange {
  /** Grows in the order of writing. */
  readonly id: string
  readonly atMs: number
  /** The version of the policy from this change on. */
  readonly version: number
  /** Account that acted, or the user of the database session. */
  readonly by: string
  readonly table: string
  readonly key: string
  /** Absent: the row was new. Secrets only as digests. */
  readonly old?: Readonly<Record<string, unknown>>
  /** Absent: the row was removed. */
  readonly new?: Readonly<Record<string, unknown>>
}

/** Which changes a page has: those that match all that is set, the newest first, before the one with the id `after`. */
export interface AuditPage {
  readonly table?: string
  readonly key?: string
  readonly by?: string
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly after?: string
  readonly countMax: number
}

/** Who changed what. Faults: `policy_unavailable`. */
export interface AuditReader {
  changes(page: AuditPage): Promise<readonly AuditedChange[]>
}

/** What the use cases of administrators are given. */
export interface AdminTools {
  readonly rows: PolicyRowStore
  readonly audit: AuditReader
}
