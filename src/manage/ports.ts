import type { WrittenBy } from './admin-ports.ts'

/** An account as far as it may hold tokens. */
export interface TokenHolder {
  readonly account: string
  readonly project: string
  readonly isDisabled: boolean
  readonly plan: string
  readonly tokenDaysMax: number
}

/** A token as people see it: its hint, never its secret or digest. */
export interface ListedToken {
  readonly id: string
  readonly account: string
  readonly hint: string
  /** Judged by the database's clock. */
  readonly state: 'active' | 'expired' | 'revoked'
  readonly note: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly revokedAtMs?: number
  readonly lastUsedAtMs?: number
}

export interface NewToken {
  readonly id: string
  readonly account: string
  /** SHA-256 of the whole token text, lower-case hex. */
  readonly digest: string
  readonly hint: string
  /** From the database's now. */
  readonly lifetimeMs: number
  readonly note: string
}

/** A row of a list in the order of time, the newest first, and its instant: in microseconds since 1970, as the database knows it. */
export interface Placed<Row> {
  readonly row: Row
  readonly atMicros: string
}

/** A part of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** What to hand in as `after` for the rows that follow. Absent on the last page. */
  readonly next?: string
}

/** The rows of a page come after this place. */
export interface PagePlace {
  readonly atMicros: string
  readonly id: string
}

/** Is told, inside the transaction, how many tokens the account has, none of which is added meanwhile; throws a `Fault` to stop it. */
export type TokenJudge = (others: { readonly active: number; readonly today: number }) => void

export interface TokenPage {
  readonly account?: string | undefined
  readonly after?: PagePlace | undefined
  readonly countMax: number
}

/**
 * The people and tokens of the policy database. Faults: `policy_unavailable` when the database does not answer, `not_valid` when one of its
 * rules refuses, in words for people. `by` is named in the audit.
 */
export interface Directory {
  holder(account: string): Promise<TokenHolder | undefined>
  token(id: string): Promise<ListedToken | undefined>
  /** Newest first; `account` absent: everyone's. */
  tokens(wanted: TokenPage): Promise<readonly Placed<ListedToken>[]>
  addToken(token: NewToken, acting?: WrittenBy & { readonly judge?: TokenJudge }): Promise<ListedToken>
  /** Adds the token and lets `oldId` expire after the overlap at the latest, both or neither. Undefined: `oldId` is not active. */
  replaceToken(
    oldId: string,
    token: NewToken,
    how: WrittenBy & { readonly overlapMs: number; readonly judge?: TokenJudge },
  ): Promise<ListedToken | undefined>
  /** Revokes now what is not revoked yet. Undefined: no such token. */
  revokeToken(id: string, acting?: WrittenBy): Promise<ListedToken | undefined>
}

/** An account of a project as its lead sees it. */
export interface ProjectPerson {
  readonly id: string
  readonly kind: 'person' | 'ci' | 'service' | 'mirror'
  readonly role: 'member' | 'lead' | 'admin'
  readonly plan: string
  readonly timeZone: string
  readonly isDisabled: boolean
  /** Of its tokens that work now. */
  readonly activeTokens: number
}

/** Who is in a project. Faults: `policy_unavailable`. */
export interface PeopleReader {
  /** By id, those after `after`. */
  ofProject(wanted: {
    readonly project: string
    readonly after?: string
    readonly countMax: number
  }): Promise<readonly ProjectPerson[]>
}

/** Seals a secret that is to be kept in a row; only this installation's key opens it again. */
export interface SecretSealer {
  /** The key may have to be read first: then a `Fault` of code `policy_unavailable`. */
  seal(plain: string): string | Promise<string>
}

/** What every use case of this room is given. */
export interface ManageTools {
  readonly directory: Directory
  /** Cryptographic randomness. */
  readonly randomBytes: (count: number) => Uint8Array
}
