/** One row of `department`. */
export interface Department {
  readonly id: string
  readonly partition: number
}

export interface Project {
  readonly id: string
  readonly partition: number
  readonly department: string
}

export type AccountKind = 'person' | 'ci' | 'service' | 'mirror'

export interface Account {
  readonly id: string
  readonly partition: number
  readonly kind: AccountKind
  readonly role: 'member' | 'lead' | 'admin'
  readonly project: string
  readonly plan: string
  /** IANA name; windows of limits without a zone of their own follow it. */
  readonly timeZone: string
  readonly disabled: boolean
}

export interface Plan {
  readonly id: string
  readonly tokenDaysMax: number
  /** How much of a quota its accounts may take once per window beyond it; 0: nothing. */
  readonly bridgePercent: number
}

/** One row of `token`: the secret itself exists nowhere, only its digest. */
export interface Token {
  readonly id: string
  readonly digest: string
  readonly account: string
  readonly partition: number
  readonly expiresAtMs: number
  readonly revokedAtMs?: number
}

/** Whom a credential names: an account with its place in the organisation. */
export interface Principal {
  readonly account: Account
  readonly project: Project
  readonly department: Department
  /** Absent for the anonymous account. */
  readonly token?: Token
}

/** What a caller presented, parsed: nothing, something that cannot be a token, or a token's text. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'token'; readonly secret: string }
