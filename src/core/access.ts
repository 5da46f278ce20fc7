import type { Surface } from './subject.ts'

/** One row of `access_rule`. Absent fields match everything; a `deny` that matches beats every `allow`. */
export interface AccessRule {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly surface?: Surface
  readonly cidr?: string
  readonly account?: string
  /** RE2 pattern over the whole normalised package. */
  readonly packagePattern?: string
  readonly expiresAtMs?: number
  /** Shown to the refused person. */
  readonly reason: string
}
